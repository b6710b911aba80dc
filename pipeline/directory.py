"""The contract with those who know callers: keys that are made while the gateway runs, and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from .caller import Caller, Subject


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
    """Knows keys by what callers send. Nothing here waits, and all of it takes the same time for any number of keys."""

    @property
    def asks(self) -> bool:
        """Whether requests need a key because of it: it knows one, or had one, or cannot tell."""
        ...

    def find(self, credential: str) -> Known | None:
        """Return who sends ``credential`` as a key, or None.

        Raises:
            GatewayError: It cannot tell, and the credential may be one of its keys.
        """
        ...

    def known(self, key_id: str) -> Known | None:
        """Return who has the key of this id, or None. Raises as `find` does."""
        ...

    def subject(self, kind: Literal["user", "team"], name: str) -> Subject | None:
        """Return a user or team by id or by name, or None. One that is disabled is still there; see `Known.refused`."""
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

    asks = False

    def find(self, credential: str) -> Known | None:
        """Return None."""
        return None

    def known(self, key_id: str) -> Known | None:
        """Return None."""
        return None

    def subject(self, kind: Literal["user", "team"], name: str) -> Subject | None:
        """Return None."""
        return None
