"""A cached answer: how it is packed, how a stream is recorded, and how it is played again."""

from __future__ import annotations

import msgpack
import msgspec

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import LARGE
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Reply, Usage

VERSION = 2
"""Of the format. An entry of another one, as a shared store may hold, is no entry."""


Recorded = tuple[tuple[bytes, int, str], ...]
"""The chunks of a stream: data, kind, event."""


class Replay:
    """A recorded stream as a reply has it: all at once, or in batches of LARGE bytes if there is more of it."""

    def __init__(self, chunks: Recorded) -> None:
        self._left = iter(chunks)

    def __aiter__(self) -> Replay:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch. Not a checkpoint: sending it is one."""
        batch: Batch = []
        size = 0
        for data, kind, event in self._left:
            batch.append(Chunk(data, ChunkKind(kind), event))
            size += len(data)
            if size >= LARGE:
                break
        if not batch:
            raise StopAsyncIteration
        return batch


class Entry(msgspec.Struct, frozen=True):
    """What is kept of an answer. ``chunks`` is None for a plain one.

    ``provider`` and ``model`` are the target that gave the answer.
    """

    media_type: str
    body: bytes
    chunks: Recorded | None
    usage: Usage | None
    provider: str
    model: str

    @property
    def size(self) -> int:
        """Bytes of the answer itself."""
        return len(self.body) + sum(len(data) for data, _, _ in self.chunks or ())

    def pack(self) -> bytes:
        """Return the entry as bytes, in MessagePack."""
        tokens = None if self.usage is None else msgspec.structs.astuple(self.usage)
        fields = (VERSION, self.media_type, self.body, self.chunks, tokens, self.provider, self.model)
        packed: bytes = msgpack.packb(fields)
        return packed

    @classmethod
    def unpack(cls, data: bytes) -> Entry | None:
        """Return the entry that was packed, or None if this is none of this version."""
        try:
            version, media_type, body, chunks, tokens, provider, model = msgpack.unpackb(data, use_list=False)
        except (ValueError, TypeError, msgpack.UnpackException):
            return None
        if version != VERSION:
            return None
        usage = None if tokens is None else Usage(*tokens)
        return cls(media_type, body, chunks, usage, provider, model)

    def answer(self, exchange: Exchange) -> None:
        """Give this answer to an exchange, with its usage and the target that it came from."""
        stream = Replay(self.chunks) if self.chunks is not None else None
        exchange.reply = Reply(body=self.body, stream=stream, media_type=self.media_type)
        exchange.usage = self.usage
        exchange.notes["provider"] = self.provider
        exchange.notes["model"] = self.model


class Budget:
    """Bytes that all recordings under way may take together."""

    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, size: int) -> bool:
        """Take ``size`` bytes if they are there."""
        if size > self.left:
            return False
        self.left -= size
        return True


class Recording:
    """The chunks of one stream, as a tap sees them; given up, not cut, where it would grow too large.

    Args:
        limit: The most bytes of this one.
        budget: What it shares with the others under way. Whoever makes a recording sees to it that `release` is called.
    """

    def __init__(self, limit: int, budget: Budget) -> None:
        self._limit = limit
        self._budget = budget
        self._size = 0
        self._chunks: list[tuple[bytes, int, str]] | None = []

    @property
    def chunks(self) -> Recorded | None:
        """What was recorded, unless it was given up."""
        return None if self._chunks is None else tuple(self._chunks)

    def tap(self, _: Exchange, chunk: Chunk) -> Chunk:
        """Keep a chunk that leaves."""
        if self._chunks is not None:
            size = len(chunk.data)
            if self._size + size > self._limit or not self._budget.take(size):
                self._chunks = None
                self.release()
            else:
                self._size += size
                self._chunks.append((chunk.data, int(chunk.kind), chunk.event))
        return chunk

    def release(self) -> None:
        """Give the budget its bytes back: the stream is over. What was recorded stays."""
        self._budget.left += self._size
        self._size = 0
        self._limit = -1
