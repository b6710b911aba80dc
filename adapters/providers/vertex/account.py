"""Service accounts of Google's cloud, and the signed claims that are swapped for a token.

Sources: https://developers.google.com/identity/protocols/oauth2/service-account, RFC 7523, RFC 7515.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import msgspec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LIFETIME = 3600
"""Seconds that the claims hold, and the token after them: the most that is granted."""
_encode = msgspec.json.encode


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What a key file says. Its ``repr`` shows no key."""

    client_email: str
    private_key: str
    private_key_id: str = ""
    project_id: str = ""
    token_uri: str = "https://oauth2.googleapis.com/token"
    type: str = "service_account"

    def __repr__(self) -> str:
        return f"<ServiceAccount {self.client_email}>"


def read_account(text: str) -> ServiceAccount:
    """Return what a key file says. Raises ValueError, which never quotes it, where it is none of a service account."""
    try:
        account = msgspec.json.decode(str(text), type=ServiceAccount)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueError("credentials are not the JSON of a service account's key file") from None
    if account.type != "service_account":
        raise ValueError(f"credentials are of type {account.type[:40]!r}, not service_account")
    if not _is_googles(account.token_uri):
        # The file may come from anywhere, and we would send there what proves who we are.
        raise ValueError("credentials name a token_uri that is not Google's")
    return account


def _is_googles(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == "accounts.google.com" or host.endswith(".googleapis.com"))


def token_url(account: ServiceAccount, base_url: str) -> str:
    """Return where tokens are had: at the account's own place, or below a base URL that stands for all of Google."""
    if not base_url:
        return account.token_uri
    base = urlsplit(base_url.strip())
    return urlunsplit((base.scheme, base.netloc, urlsplit(account.token_uri).path, "", ""))


class Signer:
    """Signs claims with an account's key.

    Raises:
        ValueError: The key is no RSA key in PEM.
    """

    def __init__(self, account: ServiceAccount) -> None:
        self._account = account
        self._key = _load(account.private_key)

    def assertion(self, wall: float) -> str:
        """Return signed claims that hold from now on. ``wall`` is in seconds since the epoch."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        account = self._account
        head = {"typ": "JWT", "alg": "RS256", "kid": account.private_key_id}
        issued = int(wall)
        claims = {
            "iat": issued,
            "exp": issued + LIFETIME,
            "iss": account.client_email,
            "aud": account.token_uri,
            "scope": SCOPE,
        }
        signed = b".".join(_base64url(_encode(part)) for part in (head, claims))
        signature = self._key.sign(signed, PKCS1v15(), SHA256())
        return b".".join((signed, _base64url(signature))).decode("ascii")


def _load(pem: str) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # 40 ms, and most have no service account
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the private_key of credentials is no private key in PEM") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the private_key of credentials is no RSA key")
    return key


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
