"""Signed claims, judged by Google's own package."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.auth import jwt
from google.oauth2 import service_account

from sluicegate.adapters.providers.vertex.account import SCOPE, Signer, read_account, token_url
from tests.adapters.providers.vertex.accounts import EMAIL, info, key_file, pems

NOW = 1_790_000_000.7


def parts(token: str) -> tuple[dict, dict]:
    header, payload, _, _ = jwt._unverified_decode(token)
    return header, payload


def test_claims_are_those_of_googles_own_package():
    ours = parts(Signer(read_account(key_file())).assertion(NOW))
    credentials = service_account.Credentials.from_service_account_info(info(), scopes=[SCOPE])
    theirs = parts(credentials._make_authorization_grant_assertion().decode())
    assert ours[0] == theirs[0] == {"typ": "JWT", "alg": "RS256", "kid": "kid-1"}
    assert ours[1].keys() == theirs[1].keys()
    assert ours[1] == {**theirs[1], "iat": 1_790_000_000, "exp": 1_790_003_600}
    assert (ours[1]["iss"], ours[1]["exp"] - ours[1]["iat"]) == (EMAIL, theirs[1]["exp"] - theirs[1]["iat"])


def test_signature_holds():
    import time

    token = Signer(read_account(key_file())).assertion(time.time())
    assert jwt.decode(token, certs=pems()[1], audience="https://oauth2.googleapis.com/token")["scope"] == SCOPE


def elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "/etc/key.json", '{"client_email":"a"}'])
def test_what_is_no_key_file_is_refused(text):
    with pytest.raises(ValueError, match="not the JSON of a service account's key file"):
        read_account(text)


@pytest.mark.parametrize(
    "url",
    ["http://oauth2.googleapis.com/token", "https://evil.example/token", "https://googleapis.com.evil/", "https://["],
)
def test_claims_go_to_google_only(url):
    with pytest.raises(ValueError, match="not Google's"):
        read_account(key_file(token_uri=url))


def test_other_kinds_of_credentials_are_named():
    with pytest.raises(ValueError, match="of type 'authorized_user'"):
        read_account(key_file(type="authorized_user"))


@pytest.mark.parametrize(("pem", "told"), [("x", "no private key in PEM"), (elliptic(), "no RSA key")])
def test_wrong_key_is_refused_and_never_shown(pem, told):
    account = read_account(key_file(private_key=pem))
    with pytest.raises(ValueError, match=told) as caught:
        Signer(account)
    assert pem not in str(caught.value) or pem == "x"
    assert "PRIVATE" not in repr(account)


def test_base_url_stands_for_the_place_of_tokens_too():
    account = read_account(key_file())
    assert token_url(account, "") == "https://oauth2.googleapis.com/token"
    assert token_url(account, "http://127.0.0.1:9/x/v1") == "http://127.0.0.1:9/token"
