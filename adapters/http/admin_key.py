"""The key to everything that shows or changes the gateway itself.

It comes from the environment, or is made once and kept in a file that only its owner can read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..identity.kept import keep
from .asgi import RawHeaders, find_header
from .credentials import bearer

VARIABLE = "SLUICEGATE_ADMIN_KEY"
STATE_VARIABLE = "SLUICEGATE_STATE_DIR"
FILE_NAME = "admin-key"
SHORTEST = 16
"""Characters: a shorter key in the environment is refused, since it could be guessed."""


class UnusableAdminKey(ValueError):
    """There is no key to guard the admin pages with. The message says what to do."""


@dataclass(frozen=True, slots=True)
class AdminKey:
    """The key, and where it came from.

    Attributes:
        kept_in: The file that it is kept in, or None if the environment has it.
        made: Whether it has just been made.
        exposed: Whether others could read the file until now.
    """

    value: str = field(repr=False)
    kept_in: Path | None = None
    made: bool = False
    exposed: bool = False

    def opens(self, headers: RawHeaders, method: str = "GET") -> bool:
        """Say whether a request carries the key: as bearer token, as ``x-api-key`` or as the password of Basic.

        Takes the same time for every wrong key. A browser adds Basic by itself, whichever page makes it ask: so that
        opens what is only read.
        """
        digest = hashlib.sha256(self.value.encode()).digest()
        opened = False
        for text in offered(headers, method):
            opened |= hmac.compare_digest(digest, hashlib.sha256(text.encode()).digest())
        return opened


def load_admin_key(environ: Mapping[str, str]) -> AdminKey:
    """Return the key from the environment, from its file, or a new one written there.

    Raises:
        UnusableAdminKey: The key in the environment is too short, or the file can neither be read nor written.
    """
    given = environ.get(VARIABLE, "").strip()
    if given:
        if len(given) < SHORTEST:
            raise UnusableAdminKey(f"{VARIABLE} has {len(given)} characters; it needs at least {SHORTEST}")
        return AdminKey(given)
    path = state_folder(environ) / FILE_NAME
    try:
        kept = keep(path, lambda: f"sg-admin-{secrets.token_urlsafe(24)}", shortest=SHORTEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UnusableAdminKey(f"cannot keep the admin key in {path} ({reason}); set {VARIABLE}") from error
    return AdminKey(kept.value, kept_in=path, made=kept.made, exposed=kept.exposed)


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return where the gateway keeps what must outlive it (https://specifications.freedesktop.org/basedir-spec/)."""
    if own := environ.get(STATE_VARIABLE):
        return Path(own)
    if shared := environ.get("XDG_STATE_HOME"):
        return Path(shared) / "sluicegate"
    return Path(environ.get("HOME") or "~").expanduser() / ".local" / "state" / "sluicegate"


def offered(headers: RawHeaders, method: str) -> list[str]:
    """Return what a request brings as keys; some may be empty. For the password of Basic, see `AdminKey.opens`."""
    basic = method in ("GET", "HEAD")
    authorization = (find_header(headers, b"authorization") or b"").decode("latin-1")
    plain = (find_header(headers, b"x-api-key") or b"").decode("latin-1").strip()
    return [bearer(authorization), plain, _password(authorization) if basic else ""]


def _password(authorization: str) -> str:
    """Return the password of ``Authorization: Basic`` (RFC 7617), or an empty string."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(token.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[2]
