"""AWS's signatures, version 4: a request, credentials and the time go in, headers come out. No I/O.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. All services but S3
encode the path once more for the signature: what is ``%3A`` on the wire is ``%253A`` in what is signed.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import quote, urlsplit

import msgspec

Headers = tuple[tuple[str, str], ...]
SIGNATURE = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})
"""The headers that a signature is made of."""
_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}
_SIGNED = frozenset({"content-type", "host"})
"""Headers that are signed, besides AWS's own: what stands on the way may change others."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs. ``session_token`` is there with temporary ones. Its ``repr`` shows nothing of them."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        return "<Credentials>"


class Signer:
    """Signs requests to one service.

    Args:
        credentials: Who signs.
        region: Where the service is.
        service: The name that it has in signatures.
    """

    def __init__(self, credentials: Credentials, region: str, service: str) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._key = (b"", "")  # of a day

    def __repr__(self) -> str:
        return f"<Signer for {self._service} in {self._region}>"

    def sign(self, method: str, url: str, headers: Headers, body: bytes, wall: float) -> Headers:
        """Return the headers that sign a request, to be sent besides its own.

        Args:
            headers: With names in lower case, and none of `SIGNATURE`.
            wall: Seconds since the epoch.
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(wall))
        added: Headers = (("x-amz-date", stamp),)
        if self._credentials.session_token:
            added += (("x-amz-security-token", self._credentials.session_token),)
        given = dict(headers)
        given.setdefault("host", _host(url))
        given.update(added)
        signed = {name: given[name] for name in sorted(given) if name in _SIGNED or name.startswith("x-amz-")}
        names = ";".join(signed)
        canonical = "\n".join(
            (
                method,
                _canonical_path(url),
                _canonical_query(url),
                *(f"{name}:{' '.join(value.split())}" for name, value in signed.items()),
                "",
                names,
                hashlib.sha256(body).hexdigest(),
            )
        )
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        told = "\n".join((_ALGORITHM, stamp, scope, digest))
        signature = hmac.new(self._signing_key(stamp[:8]), told.encode(), hashlib.sha256).hexdigest()
        said = f"Credential={self._credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return (*added, ("authorization", f"{_ALGORITHM} {said}"))

    def _signing_key(self, day: str) -> bytes:
        """Return the key of a day, which is derived from the secret and where it holds."""
        key, known = self._key
        if known != day:
            key = f"AWS4{self._credentials.secret_access_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self._key = (key, day)  # in one step: requests are signed in several threads
        return key


def _host(url: str) -> str:
    """Return what the ``host`` header says: with a port only where it is not the scheme's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return host if parts.port in (None, _PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def _canonical_path(url: str) -> str:
    path = urlsplit(url).path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == ".." and kept:
            kept.pop()
        elif segment not in ("", ".", ".."):
            kept.append(segment)
    end = "/" if path.endswith("/") and kept else ""
    return quote("/" + "/".join(kept) + end, safe="/~")


def _canonical_query(url: str) -> str:
    pairs = (pair.partition("=") for pair in urlsplit(url).query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))
