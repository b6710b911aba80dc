"""The contract with those who know callers: keys that are made while the gateway runs, and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from .caller import Caller, Subject
from .config.kinds import Secret


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
        """Return a user or team by id or by name, or None. Raises Unauthorized if it is disabled."""
        ...


class Issued(msgspec.Struct, frozen=True):
    """A token that was given for a key. Its ``repr`` does not show it."""

    token: Secret
    seconds: int


class Tokens(Protocol):
    """Knows callers by signed tokens."""

    @property
    def off(self) -> str:
        """Why this gateway issues none itself; empty if it does."""
        ...

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

    def issue(
        self,
        credential: str,
        *,
        seconds: float | None = None,
        operations: tuple[str, ...] | None = None,
        models: tuple[str, ...] | None = None,
    ) -> Issued:
        """Return a token that acts for an API key, or for less than that. Not a checkpoint.

        Args:
            credential: The key.
            seconds: How long the token is to hold, where that is to be less than what is configured.
            operations: What it is good for; None for all that the key is.
            models: Which models, in the same way; patterns.

        Raises:
            Unauthorized: The key is not known, or good for nothing now.
            Forbidden: The key itself may not do so much.
            InvalidRequest: That cannot be asked for.
        """
        ...

    async def revoke(self, credential: str) -> bool:
        """Let a token be good for nothing anymore; False if it is not good anyway. A checkpoint.

        Raises:
            GatewayError: It could not be written down, and so may still be good.
        """
        ...

    async def revoke_by(self, *, issuer: str = "", token_id: str = "", subject: str = "") -> None:
        """Let the token of an id, or all that a subject has been given so far, be good for nothing. A checkpoint.

        Args:
            issuer: Whose tokens they are; this gateway's own by default.

        Raises:
            InvalidRequest: No tokens of this issuer are accepted. GatewayError: as `revoke`.
        """
        ...

    async def run(self) -> None:
        """Hear of what others have revoked, for ever. A checkpoint."""
        ...

    async def aclose(self) -> None:
        """Close the connections to those who issue tokens. A checkpoint."""
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
