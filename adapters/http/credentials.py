"""Takes the caller's key out of the headers, so that nothing behind the edge can send it on."""

from __future__ import annotations

from .asgi import RawHeaders

PLACES = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
"""Where a key may stand: OpenAI's and newer Anthropic clients, older Anthropic, Azure, Google. The first one counts."""
_PLACES = frozenset(PLACES)


def take_credential(raw: RawHeaders) -> tuple[dict[str, str], str | None]:
    """Return the headers without any credential, and the caller's key.

    A header that comes several times is joined with commas (RFC 9110, section 5.3), cookies with semicolons.
    """
    headers: dict[str, str] = {}
    found: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1").strip()
        if name in _PLACES:
            found.setdefault(name, value)
        elif name in headers:
            headers[name] += ("; " if name == "cookie" else ", ") + value
        else:
            headers[name] = value
    if "authorization" in found:
        found["authorization"] = bearer(found["authorization"])
    return headers, next((found[name] for name in PLACES if found.get(name)), None)


def bearer(authorization: str) -> str:
    """Return the token of an ``Authorization: Bearer`` value, or an empty string (RFC 9110, section 11)."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
