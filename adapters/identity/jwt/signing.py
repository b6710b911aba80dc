"""Signatures and keys, through joserfc. Nothing here decides which key or algorithm is right for a token."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from typing import Any, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from .reading import MAX_TEXT, MAX_TOKEN

OWN = "HS256"
"""How the gateway signs its own tokens. Nobody else's are ever checked with a secret."""
MAX_KEYS = 100
"""Keys of one issuer that are kept."""
RSA_BITS = range(2048, 8193)
"""Shorter ones can be broken (https://www.rfc-editor.org/rfc/rfc7518#section-3.3), longer ones take long to check."""
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_FOREIGN = (JoseError, ValueError, TypeError, KeyError, OverflowError)
Key = OctKey | RSAKey | ECKey


class PublicKey(NamedTuple):
    """A key of an issuer.

    Attributes:
        algorithm: The one that it is for, where it says so.
        curve: Of an elliptic one.
    """

    key_id: str | None
    kind: str
    curve: str
    algorithm: str
    thumbprint: str
    key: RSAKey | ECKey

    def fits(self, algorithm: str) -> bool:
        """Say whether tokens that are signed in this way may be signed with the key."""
        if self.algorithm and self.algorithm != algorithm:
            return False
        return self.curve == _CURVES[algorithm] if algorithm in _CURVES else self.kind == "RSA"


def secret_key(secret: str) -> OctKey:
    """Return the key that a secret is. Raises ValueError for one that is in truth a public key."""
    return OctKey.import_key(secret.encode("utf-8", "surrogatepass"))


def sign(claims: dict[str, Any], key: OctKey) -> str:
    """Return a token with these claims."""
    payload = json.dumps(claims, separators=(",", ":"))
    return jws.serialize_compact({"alg": OWN, "typ": "JWT"}, payload, key, registry=_registry(OWN))


def holds(token: str, key: Key, algorithm: str) -> bool:
    """Say whether a token is signed with a key, in this way and no other."""
    try:
        jws.deserialize_compact(token, key, registry=_registry(algorithm))
    except _FOREIGN:
        return False
    return True


def public_keys(entries: Iterable[Any]) -> tuple[PublicKey, ...]:
    """Return the keys of a set (https://www.rfc-editor.org/rfc/rfc7517#section-5) that can check signatures.

    Those that are for something else, or cannot be read, are left out. A secret never comes in by this way.
    """
    found: list[PublicKey] = []
    for entry in entries:
        if len(found) < MAX_KEYS and isinstance(entry, dict) and (key := _public(entry)) is not None:
            found.append(key)
    return tuple(found)


def _public(entry: dict[str, Any]) -> PublicKey | None:
    kind, key_id, algorithm = entry.get("kty"), entry.get("kid"), entry.get("alg", "")
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if not isinstance(algorithm, str) or not (key_id is None or (isinstance(key_id, str) and len(key_id) <= MAX_TEXT)):
        return None
    try:
        if kind == "RSA":
            bits = int.from_bytes(urlsafe_b64decode(entry["n"] + "==")).bit_length()
            if bits not in RSA_BITS:
                return None
            rsa = RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
            return PublicKey(key_id, "RSA", "", algorithm, rsa.thumbprint(), rsa)
        if kind == "EC":
            curve = ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
            return PublicKey(key_id, "EC", str(entry["crv"]), algorithm, curve.thumbprint(), curve)
    except _FOREIGN:
        return None
    return None


def _registry(algorithm: str) -> jws.JWSRegistry:
    """Return what allows one algorithm. Other things in a header are let be: `reading` has looked at them."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = MAX_TOKEN
    return registry
