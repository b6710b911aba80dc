"""What goes back to a caller: a head with a body, or a head with a stream of chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec


class ChunkKind(IntEnum):
    """What a chunk carries. CONTENT (text, reasoning or a tool call) is what the commit point waits for."""

    HEAD = 0
    CONTENT = 1
    FINISH = 2
    USAGE = 3


class Chunk:
    """One event of a stream.

    Attributes:
        data: The event's JSON payload, in the dialect of the request; without framing. Of a raw reply, its bytes.
        kind: What it carries.
        event: The SSE event name, for dialects that have one.
    """

    __slots__ = ("data", "event", "kind")

    def __init__(self, data: bytes, kind: ChunkKind, event: str = "") -> None:
        self.data = data
        self.kind = kind
        self.event = event

    def __repr__(self) -> str:
        return f"<Chunk {self.kind.name} {len(self.data)} bytes>"


Batch = list[Chunk]
"""Chunks that arrived together; they leave together, in one write."""


class Usage(msgspec.Struct, gc=False):
    """What one answer has used: tokens, and what providers count in place of tokens.

    Counts lie inside of each other. ``input`` includes ``cached``, ``cache_write``, ``audio_input`` and
    ``image_input``; ``cache_write`` includes ``cache_write_1h``, kept for an hour and not for minutes; ``audio_cached``
    and ``image_cached`` are in ``cached`` as well as in the input of their sort. ``output`` includes ``reasoning``,
    ``audio_output`` and ``image_output``.

    ``unbilled_input`` and ``unbilled_output`` are tokens that the provider counts and takes no money for.

    ``images`` is how many were made, ``characters`` how many were said, ``seconds`` those of sound, and ``searches``
    how often the provider has looked something up for it. ``tier`` is the class of service where that may have prices
    of its own: ``flex``, ``priority``, ``fast`` or empty. ``charged`` is what the provider says that it charges, in
    nano-dollars; None where it does not say.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    estimated: bool = False
    images: int = 0
    characters: int = 0
    seconds: float = 0.0
    cache_write_1h: int = 0
    audio_input: int = 0
    audio_cached: int = 0
    audio_output: int = 0
    image_input: int = 0
    image_cached: int = 0
    image_output: int = 0
    searches: int = 0
    unbilled_input: int = 0
    unbilled_output: int = 0
    tier: str = ""
    charged: int | None = None

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.input + self.output

    @property
    def counts(self) -> bool:
        """Whether anything is counted that somebody may want money for."""
        return bool(self.input or self.output or self.images or self.characters or self.seconds)


@dataclass(slots=True)
class Reply:
    """An answer. Either ``body`` is the whole of it, or ``stream`` yields it batch by batch.

    The end of ``stream`` is a clean end: an iterator whose upstream was cut raises a GatewayError instead.

    A stream leaves in the frames of the caller's dialect, or, if it is ``raw``, as the bytes of its chunks, such as
    sound, under its own ``media_type``. Nothing can be told in those: one that fails has no end.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    stream: AsyncIterator[Batch] | None = None
    media_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    raw: bool = False
