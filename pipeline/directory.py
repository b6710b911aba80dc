"""The contract with those who know callers: keys that are made while the gateway runs, and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .caller import Caller


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who is known, and may still be refused.

    Attributes:
        refused: Why the credential is good for nothing now, such as "has expired"; None if it is good.
        expires: When it ends, in seconds since the epoch; None if never.
    """

    caller: Caller
    refused: str | None = None
    expires: float | None = None


class Directory(Protocol):
    """Knows keys by what callers send. Neither method waits, and both take the same time for any number of keys."""

    def find(self, credential: str) -> Known | None:
        """Return who sends ``credential`` as a key, or None."""
        ...

    def known(self, key_id: str) -> Known | None:
        """Return who has the key of this id, or None."""
        ...


class Tokens(Protocol):
    """Knows callers by signed tokens."""

    def looks_like_one(self, credential: str) -> bool:
        """Say whether ``credential`` has the form of a token, good or not."""
        ...

    def verify(self, credential: str) -> Known | None:
        """Return whom a token names, or None where that takes waiting: see `fetch`.

        Raises:
            Unauthorized: The token is good for nothing; the message says why.
        """
        ...

    async def fetch(self, credential: str) -> Known:
        """Return whom a token names, and wait for what it takes, such as its issuer's keys. A checkpoint.

        Raises:
            Unauthorized: The token is good for nothing. StoreUnavailable: That cannot be found out now.
        """
        ...


class NoDirectory:
    """Knows nobody."""

    def find(self, credential: str) -> Known | None:
        """Return None."""
        return None

    def known(self, key_id: str) -> Known | None:
        """Return None."""
        return None
