"""Reads signed tokens, strictly: one text is one token, and what it says can be read in one way only.

A token is three texts in base64url with dots between: a header, claims, and a signature over both as they are written.
https://www.rfc-editor.org/rfc/rfc7515#section-7.1, https://www.rfc-editor.org/rfc/rfc8725

Nothing in a header is followed. What it says of keys (``jku``, ``jwk``, ``x5u``, ``x5c``) is not even looked at, its
``kid`` is only compared, and its ``alg`` must be one that is configured for the issuer.
"""

from __future__ import annotations

import binascii
import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from sluicegate.pipeline.errors import Unauthorized

MAX_TOKEN = 16 * 1024
"""Characters of a token; longer ones are refused before they are read. Those with many groups have some thousands."""
MAX_TEXT = 256
"""Characters of a claim that becomes a name."""
CODE = "invalid_token"
_PART = re.compile(r"[A-Za-z0-9_-]+")
_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
"""What a token may say it is: others, such as a logout token, are signed with the same keys and mean something else."""
Json = Mapping[str, Any]


class Parsed(NamedTuple):
    """A token as it is written. Nothing in it is known to be true."""

    text: str
    algorithm: str
    key_id: str | None
    claims: Json

    @property
    def signed(self) -> str:
        """What the signature is over; unlike the signature itself, nobody can write it differently."""
        return self.text.rpartition(".")[0]


def refusal(message: str) -> Unauthorized:
    """Return the error for a token that is good for nothing; the message goes on behind "this token"."""
    return Unauthorized(f"this token {message}", code=CODE)


def looks_like_token(credential: str) -> bool:
    """Say whether a text begins as the header of a token does, and has dots: no matter whether it is one."""
    return credential.startswith("ey") and credential.count(".") >= 2


def read_token(credential: str) -> Parsed:
    """Return a token's parts. Raises Unauthorized where they are no token that can be accepted."""
    if len(credential) > MAX_TOKEN:
        raise refusal(f"has more than {MAX_TOKEN} characters")
    parts = credential.split(".")
    if len(parts) == 5:
        raise refusal("is encrypted; only signed ones are accepted")
    if len(parts) != 3:
        raise refusal("has not the three parts of a signed one")
    if not parts[2]:
        raise refusal("is not signed")
    header, claims, _ = (_decoded(part) for part in parts)
    head = _object(header, "header")
    if "crit" in head or "b64" in head:
        raise refusal("has a header that asks for an extension (crit), and none is known here")
    if "enc" in head or "zip" in head:
        raise refusal("is encrypted or compressed; only signed ones are accepted")
    algorithm, key_id, kind = head.get("alg"), head.get("kid"), head.get("typ", "")
    if not isinstance(algorithm, str) or not algorithm:
        raise refusal("does not say how it is signed")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= MAX_TEXT):
        raise refusal("names its key in no way that can be read")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise refusal("is of a kind that is not for access")
    return Parsed(credential, algorithm, key_id, _object(claims, "payload"))


def text_of(claims: Json, name: str) -> str:
    """Return a claim that is a name, or an empty string if there is none. Raises Unauthorized if it is none."""
    return as_text(claims.get(name), name) if claims.get(name) is not None else ""


def as_text(value: Any, name: str) -> str:
    """Return a value that is fit to be a name: it goes into logs, headers and tables."""
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable() or value != value.strip():
        raise refusal(f"has a claim {name!r} that is no text of at most {MAX_TEXT} visible characters")
    return value


def time_of(claims: Json, name: str) -> float | None:
    """Return a claim that is a time in seconds since the epoch, or None if there is none."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise refusal(f"has a claim {name!r} that is no time")
    return float(value)


def check_claims(claims: Json, *, audience: str, now: float, leeway: float, most: float) -> tuple[float, float]:
    """Return when a token ends, and when it was issued: long ago, if it does not say. In seconds since the epoch.

    Args:
        most: Seconds that it may hold from now on.

    Raises:
        Unauthorized: It is not for now, or not for this gateway.
    """
    expires, issued, begins = time_of(claims, "exp"), time_of(claims, "iat"), time_of(claims, "nbf")
    if expires is None:
        raise refusal("never ends (it has no exp)")
    if now >= expires + leeway:
        raise refusal("has expired")
    if expires > now + most + leeway:
        raise refusal(f"holds for more than {most:g} s, which is more than is accepted")
    if issued is not None and issued > now + leeway:
        raise refusal("was issued in the future (iat)")
    if begins is not None and begins > now + leeway:
        raise refusal("does not hold yet (nbf)")
    given = claims.get("aud")
    if given != audience and not (isinstance(given, list) and audience in given):
        raise refusal("is for somebody else (aud)")
    return expires, -math.inf if issued is None else issued


def _decoded(part: str) -> bytes:
    """Return the bytes of a part. There is only one way to write them: so no token can be written in two."""
    if not _PART.fullmatch(part):
        raise refusal("is not in base64url")
    try:
        data = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise refusal("is not in base64url") from None
    if urlsafe_b64encode(data).rstrip(b"=") != part.encode("ascii"):
        raise refusal("is not in base64url")
    return data


def _object(data: bytes, what: str) -> Json:
    """Return a JSON object in which no key stands twice: which of the two held would be a guess."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise refusal(f"has a {what} that is not plain JSON") from None
    if not isinstance(value, dict):
        raise refusal(f"has a {what} that is no JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
