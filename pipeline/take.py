"""What is recorded of one exchange."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """One call of one target. Times are seconds after the request's arrival; None where the moment never came."""

    target: str
    started: float
    first_content: float | None = None
    ended: float | None = None
    code: str | None = None
    """The error's code; None where there was none."""


@dataclass(frozen=True, slots=True)
class RecordedChunk:
    """Chunks that left together: seconds after the request's arrival, bytes, and the data, where it was kept."""

    at: float
    size: int
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Take:
    """One recorded exchange.

    Attributes:
        arrival: When the request came: seconds after the cassette began, which is when the request of its first take
            came. Less than 0 for one that came earlier and took longer.
        operation: As `Request.operation`.
        dialect: As `Request.dialect`.
        model: As the caller named it.
        stream: Whether chunks were asked for.
        body: The request's, as it came or with its texts masked.
        headers: Those that change what happens; never a credential.
        tenant: Whose counters and cache it used.
        key: The name of the caller's key, never the key.
        plan: The targets, in order.
        strategy: What chose them.
        attempts: What was called.
        notes: What stages noted, such as ``cache: hit``.
        outcome: ``ok``, ``failed`` or ``cancelled``.
        status: The HTTP status of the answer, or that which its error has.
        code: The error's code, or None.
        usage: What was counted, by name, as `Usage` has it.
        reply: The whole answer, where it was kept and is no stream.
        chunks: What a stream sent, and when.
        stages: Seconds of work by stage, in order.
        duration: Seconds from arrival to end.
    """

    arrival: float
    operation: str
    model: str = ""
    stream: bool = False
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    tenant: str = ""
    key: str = ""
    plan: tuple[str, ...] = ()
    strategy: str = ""
    attempts: tuple[RecordedAttempt, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    outcome: str = "ok"
    status: int = 200
    code: str | None = None
    usage: dict[str, int | float] = field(default_factory=dict)
    reply: bytes = field(default=b"", repr=False)
    chunks: tuple[RecordedChunk, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)
    duration: float = 0.0
    dialect: str = "openai"
