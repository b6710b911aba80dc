"""Signatures, compared with botocore's."""

from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Theirs
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.providers.bedrock.places import model_url
from sluicegate.adapters.providers.bedrock.sigv4 import Credentials, Headers, Signer

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
WALL = 1_790_000_000.25
HEADERS: Headers = (("content-type", "application/json"), ("x-amz-note", "  a   b "))
BROWSED = (("user-agent", "sluicegate"), ("accept-encoding", "identity"))
"""Headers that are not signed, since what stands on the way may change them."""
MODELS = [
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
    "arn:aws:bedrock:eu-west-1:123456789012:imported-model/x:1",
]


def signer(token: str = "", region: str = "us-east-1") -> Signer:
    given = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key=SECRET, session_token=token)
    return Signer(given, region, "bedrock")


class Clockwork(botocore.auth.SigV4Auth):
    """botocore's signer, but for the time, which is given: the rest of its ``add_auth`` stays as it is."""

    def signed(self, request: AWSRequest, stamp: str) -> dict[str, str]:
        request.context["timestamp"] = stamp
        self._modify_request_before_signing(request)
        canonical = self.canonical_request(request)
        to_sign = self.string_to_sign(request, canonical)
        self._inject_signature_to_request(request, self.signature(to_sign, request))
        return {name.lower(): value for name, value in request.headers.items()}


def botocores(
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    key: str,
    secret: str,
    token: str,
    region: str,
    wall: float,
    service: str = "bedrock",
) -> dict[str, str]:
    """Return the headers of a request as botocore signs it."""
    stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%dT%H%M%SZ")
    request = AWSRequest(method, url, headers=dict(headers), data=body)
    return Clockwork(Theirs(key, secret, token or None), service, region).signed(request, stamp)


def compare(url: str, body: bytes = b"{}", *, token: str = "", region: str = "us-east-1", method: str = "POST") -> None:
    made = dict(signer(token, region).sign(method, url, (*HEADERS, *BROWSED), body, WALL))
    expected = botocores(method, url, HEADERS, body, "AKIDEXAMPLE", SECRET, token, region, WALL)
    assert made == {name: expected[name] for name in made}
    assert ("x-amz-security-token" in made) == bool(token)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("token", ["", "FwoGZXIvYXdzEJr//////////wEaDH=="])
@pytest.mark.parametrize("root", ["https://bedrock-runtime.eu-west-1.amazonaws.com", "http://localhost:4566/aws//x"])
def test_signature_is_botocores(model, token, root):
    url = model_url(root, model, "converse-stream")
    assert "%3A" in url
    compare(url, b'{"messages":[]}', token=token, region="eu-west-1")


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example",
        "https://h.example:443/",
        "https://h.example:8443/a/../b/./c/",
        "https://h.example/%7Ea~/%20%2Fb",
        "https://h.example/p?b=2&a=1&a=0&c",
        "http://[::1]:8080/x",
    ],
)
def test_signature_of_odd_urls_is_botocores(url):
    compare(url, method="GET", body=b"")


segments = st.text("abz-_.~%:@!$'()*+,;= 2F", min_size=1, max_size=8).map(lambda text: text.replace("%", "%25"))


@given(st.lists(segments, max_size=5), st.binary(max_size=50), st.sampled_from(["", "token/with+signs=="]))
def test_any_signature_is_botocores(parts, body, token):
    compare("https://bedrock-runtime.us-east-1.amazonaws.com/" + "/".join(parts), body, token=token)


def test_key_is_derived_anew_on_another_day():
    one = signer()
    first = one.sign("POST", "https://h.example/", HEADERS, b"", WALL)
    other = one.sign("POST", "https://h.example/", HEADERS, b"", WALL + 86_400)
    assert first != other
    assert one.sign("POST", "https://h.example/", HEADERS, b"", WALL) == first


def test_nothing_shows_the_secret():
    given = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key=SECRET, session_token="token")
    for shown in (given, Signer(given, "us-east-1", "bedrock")):
        assert SECRET not in repr(shown)
        assert "AKID" not in repr(shown)
    assert SECRET not in str(signer().sign("POST", "https://h.example/", HEADERS, b"", WALL))
