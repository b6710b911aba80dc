"""The message that moves through the stages: one request, its answer, and all that is known of both."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import trio

from .caller import ANONYMOUS, Caller
from .errors import GatewayError
from .life import LEADS, IllegalTransition, State
from .reply import Chunk, Reply, Usage
from .request import Request

if TYPE_CHECKING:
    from .hop import Hop


class Target(NamedTuple):
    """A provider, by its name in the configuration, and the model to ask it for, by the provider's own name."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The targets to try, in order, and the strategy that chose them."""

    targets: tuple[Target, ...]
    strategy: str = "single"


@dataclass(slots=True)
class Attempt:
    """One call of one target. Times are seconds on trio's clock; None where the moment never came.

    ``cost`` is in nano-dollars, of what was used so far; None if nobody knows the price, or what was used.
    """

    target: Target
    started: float
    first_content: float | None = None
    ended: float | None = None
    error: GatewayError | None = None
    usage: Usage | None = None
    cost: int | None = None


class Mark(msgspec.Struct, frozen=True, gc=False):
    """One stage's work on an exchange: seconds on trio's clock."""

    hop: str
    queued: float
    started: float
    ended: float


Tap = Callable[["Exchange", Chunk], Chunk | None]
"""Sees each chunk before it leaves; returns it, another in its place, or None to drop it. Never a checkpoint."""
Hook = Callable[["Exchange"], Awaitable[None] | None]
"""Called with the exchange; what it returns is awaited if it is awaitable."""

_PREFIX = secrets.token_hex(6)
_numbers = itertools.count(1)


@dataclass(slots=True, eq=False)
class Exchange:
    """One request on its way.

    Attributes:
        request: What is asked.
        deadline: The one deadline, on trio's clock; everything inside is bounded by it.
        started: When its request came, on trio's clock.
        id: Unique for this process and, by its random part, beyond it.
        caller: Who asks; `auth` sets it.
        plan: Where to send it; `route` sets it.
        attempts: What `call` tried, in order.
        reply: The answer, once there is one.
        usage: Tokens, once known; of a stream only after its end.
        error: What went wrong, if anything did. With a reply that has begun it is told in-band.
        headers: Reply headers that stages add.
        notes: Small facts that stages leave for each other and the log, such as ``cache: hit``.
        taps: See each chunk before it leaves, last added first.
        on_reply: Called before the head leaves, last added first.
        on_settle: Called once after the end, last added first.
        marks: What each stage took.
        first_content: When the first content left, on trio's clock.
        complete: Whether a stream has come to its own end.
        scope: The cancel scope of the whole journey. Cancel through `interrupt`.
        mailbox: Where workers hand the exchange back to its own task: the hop to wait for, or None at the end.
        baton: The other end of the mailbox.
        called: Whether a baton lies in the mailbox, not yet taken.
        permit: The hop whose permit this exchange holds.
        moved: When the exchange was last put into an inbox.
    """

    request: Request
    deadline: float
    started: float
    id: str = field(default_factory=lambda: f"{_PREFIX}-{next(_numbers)}")
    caller: Caller = ANONYMOUS
    plan: Plan | None = None
    attempts: list[Attempt] = field(default_factory=list)
    reply: Reply | None = None
    usage: Usage | None = None
    error: GatewayError | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    taps: list[Tap] = field(default_factory=list)
    on_reply: list[Hook] = field(default_factory=list)
    on_settle: list[Hook] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    first_content: float | None = None
    complete: bool = False
    ended: float | None = None
    state: State = State.QUEUED
    outcome: State | None = None
    interruption: GatewayError | None = None
    scope: trio.CancelScope = field(init=False, repr=False)
    mailbox: trio.MemorySendChannel[Hop | None] | None = field(default=None, repr=False)
    baton: trio.MemoryReceiveChannel[Hop | None] | None = field(default=None, repr=False)
    called: bool = False
    permit: Hop | None = field(default=None, repr=False)
    moved: float = 0.0
    _stack: AsyncExitStack | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Let the scope end with the deadline. To set that later would take four times as long."""
        self.scope = trio.CancelScope(deadline=self.deadline)

    @property
    def held(self) -> AsyncExitStack | None:
        """The stack if anything asked for it, else None."""
        return self._stack

    @property
    def stack(self) -> AsyncExitStack:
        """Resources that live as long as the exchange, such as an upstream response. Closed before settling."""
        if self._stack is None:
            self._stack = AsyncExitStack()
        return self._stack

    @property
    def cost(self) -> int | None:
        """The nano-dollars that all attempts have cost so far; None if one used something that has no known price."""
        total = 0
        for attempt in self.attempts:
            if attempt.cost is not None:
                total += attempt.cost
            elif attempt.usage is not None:
                return None
        return total

    def enter(self, state: State) -> None:
        """Move on in life. Raises IllegalTransition where the table does not lead."""
        if not LEADS[self.state][state]:
            raise IllegalTransition(self.state, state)
        self.state = state

    def fail(self, error: GatewayError) -> None:
        """Note what went wrong; the first error stands, since later ones are its echoes."""
        if self.error is None:
            self.error = error

    @property
    def failure(self) -> GatewayError:
        """The error of an exchange that is known to have failed."""
        return self.error if self.error is not None else GatewayError("the exchange has no error")

    def interrupt(self, error: GatewayError) -> None:
        """End the exchange from outside its own task, telling the client ``error``, unless that is ClientGone."""
        self.interruption = error
        self.scope.cancel()

    def end(self, outcome: State, now: float) -> None:
        """Set the outcome, exactly once."""
        self.enter(outcome)
        self.outcome = outcome
        self.ended = now
