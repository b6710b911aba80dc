"""A secret that is made once, and kept in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Kept(NamedTuple):
    """What a file holds.

    Attributes:
        made: Whether it has just been made.
        exposed: Whether others could read the file until now.
    """

    value: str
    made: bool = False
    exposed: bool = False


def read_kept(path: Path, *, shortest: int) -> Kept | None:
    """Return what is kept in a file, and close it to others; None if there is no file, or too little in it.

    Raises:
        OSError: The file cannot be read, or is another's. UnicodeDecodeError: It is not text.
    """
    try:
        value = path.read_text().strip()
    except FileNotFoundError:
        return None
    if len(value) < shortest:
        return None
    exposed = bool(path.stat().st_mode & 0o077)
    if exposed:
        path.chmod(0o600)
    return Kept(value, exposed=exposed)


def keep(path: Path, make: Callable[[], str], *, shortest: int) -> Kept:
    """Return what is kept in a file; what is made now, if there is nothing yet. Raises as `read_kept` does."""
    if (kept := read_kept(path, shortest=shortest)) is not None:
        return kept
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    value = make()
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(value + "\n")
    try:
        # A link appears whole or not at all: of two processes that start at once, both use the same secret.
        os.link(draft, path)
    except FileExistsError:
        if (kept := read_kept(path, shortest=shortest)) is not None:
            return kept
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return Kept(value, made=True)
