"""The text of keys, and the digests by which they are known.

A key is random enough that a plain hash would keep it safe. Its digest is keyed all the same, with a secret that the
database does not hold: whoever can write to the database, and no more, cannot plant a key of their own choice.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from ..http.admin_key import state_folder
from .errors import UnusableKeySecret
from .kept import Kept, keep, read_kept

PREFIX = "sk-sg-"
"""What every key begins with, so that tools which look for leaked secrets know it."""
RANDOM = 32
"""Bytes of chance in a key; 43 characters."""
LENGTH = len(PREFIX) + 43
SHOWN = len(PREFIX) + 4
"""Characters by which people tell keys apart; the other 39 stay secret."""
VARIABLE = "SLUICEGATE_KEY_SECRET"
FILE_NAME = "key-secret"
SHORTEST = 32
"""Characters of a secret from the environment."""


def new_text() -> str:
    """Return a new key."""
    return PREFIX + secrets.token_urlsafe(RANDOM)


def shown(text: str) -> str:
    """Return as much of a key as may be seen."""
    return text[:SHOWN] + "…"


class KeySecret:
    """What digests are keyed with. Its ``repr`` shows nothing of it."""

    def __init__(self, text: str) -> None:
        self._key = blake2b(text.encode(), digest_size=32, person=b"sluicegate-keys").digest()

    def digest(self, credential: str) -> bytes:
        """Return the digest of whatever a client sent."""
        return blake2b(credential.encode("utf-8", "surrogatepass"), key=self._key, digest_size=32).digest()

    @property
    def check(self) -> str:
        """What tells this secret from others, and nothing else of it."""
        return blake2b(b"check", key=self._key, digest_size=16, person=b"sluicegate-check").hexdigest()

    def made(self, check: str) -> bool:
        """Say whether this secret is the one with that `check`."""
        return hmac.compare_digest(self.check.encode(), check.encode())


def load_secret(environ: Mapping[str, str], *, make: bool = False) -> KeySecret | None:
    """Return the secret from the environment or from its file; None if there is none, unless one is to be made.

    Raises:
        UnusableKeySecret: It is too short, or its file can neither be read nor written.
    """
    given = environ.get(VARIABLE, "").strip()
    if given:
        if len(given) < SHORTEST:
            raise UnusableKeySecret(f"{VARIABLE} has {len(given)} characters; it needs at least {SHORTEST}")
        return KeySecret(given)
    path = state_folder(environ) / FILE_NAME
    try:
        kept = _kept(path, make)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UnusableKeySecret(f"cannot keep the secret of API keys in {path} ({reason}); set {VARIABLE}") from error
    return None if kept is None else KeySecret(kept.value)


def _kept(path: Path, make: bool) -> Kept | None:
    if make:
        return keep(path, lambda: secrets.token_urlsafe(RANDOM), shortest=SHORTEST)
    return read_kept(path, shortest=SHORTEST)
