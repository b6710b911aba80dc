"""A reply's stream that follows a script, and an outlet that writes down what leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import trio

from sluicegate.pipeline.errors import ClientGone
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind


def chunk(text: str, kind: ChunkKind = ChunkKind.CONTENT) -> Chunk:
    """Return a chunk whose payload is ``text`` as a JSON string."""
    return Chunk(msgspec.json.encode(text), kind)


class ScriptedStream:
    """A stream for a Reply that follows a script: pairs of seconds to wait, and a text, a batch, or an error to raise.

    Attributes:
        closed: Whether the kernel has let go of it.
    """

    def __init__(self, *script: tuple[float, str | Batch | BaseException]) -> None:
        self._script = iter(script)
        self.closed = False

    def __aiter__(self) -> ScriptedStream:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch. A checkpoint."""
        for seconds, part in self._script:
            await trio.sleep(seconds)
            if isinstance(part, BaseException):
                raise part
            return [chunk(part)] if isinstance(part, str) else part
        await trio.lowlevel.checkpoint()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Note that nobody reads any more. A checkpoint."""
        self.closed = True
        await trio.lowlevel.checkpoint()


@dataclass(slots=True, eq=False)
class SpyOutlet:
    """An outlet that writes down what leaves, and when, and that can be told to be a bad client.

    Writes are counted from 0, the one of `open`.

    Attributes:
        seconds: What each write takes.
        stall_at: The write from which on none ends: the client has stopped reading.
        gone_at: The write from which on the client is gone.
        written: (time, what) of each write that ended: ``open``, the payloads of a batch joined, ``close``; with the
            error's code, if there was one, as in ``close:deadline_exceeded``.
    """

    seconds: float = 0.0
    stall_at: int | None = None
    gone_at: int | None = None
    written: list[tuple[float, str]] = field(default_factory=list)
    writes: int = 0

    @property
    def texts(self) -> list[str]:
        """What was written, without the times."""
        return [what for _, what in self.written]

    async def open(self, exchange: Exchange) -> None:
        """Write the head down. A checkpoint."""
        await self._write(_told("open", exchange))

    async def send(self, batch: Batch) -> None:
        """Write a batch down. A checkpoint."""
        await self._write(b"".join(each.data for each in batch).decode())

    async def close(self, exchange: Exchange) -> None:
        """Write the end down. A checkpoint."""
        await self._write(_told("close", exchange))

    async def _write(self, what: str) -> None:
        number = self.writes
        self.writes += 1
        await trio.sleep(self.seconds)
        if self.stall_at is not None and number >= self.stall_at:
            await trio.sleep_forever()
        if self.gone_at is not None and number >= self.gone_at:
            raise ClientGone("the client left")
        self.written.append((trio.current_time(), what))


def _told(what: str, exchange: Exchange) -> str:
    return what if exchange.error is None else f"{what}:{exchange.error.code}"
