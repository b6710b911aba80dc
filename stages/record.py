"""`record`: writes down what happens to each exchange that passes, so that it can be replayed, or tried elsewhere.

It sees what comes as far as to it: before all others, refused requests too; behind `auth`, those of callers with a key
only. It records when an exchange has ended, whatever stages behind it made of it. No key is ever kept, and of what is
said as much as ``contents`` allows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import trio
from msgspec import Meta

from sluicegate.pipeline.config.kinds import Share, Size
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import LARGE, compute
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.take import RecordedChunk, Take

from .parts.cache_entry import Budget
from .parts.masking import Mask
from .parts.stream_times import StreamTimes
from .parts.taking import take_of

Contents = Literal["keep", "mask", "drop"]
Chunks = tuple[RecordedChunk, ...]


class RecordSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What is kept, and where."""

    path: Annotated[str, Meta(min_length=1, description="The folder for the cassettes; made if need be.")] = (
        "recordings"
    )
    contents: Annotated[
        Contents,
        Meta(description="keep texts, mask them by a filler of the same length, or drop whole bodies. Never keys."),
    ] = "mask"
    answers: Annotated[
        bool, Meta(description="true keeps what was answered too, as contents says; else only times and sizes.")
    ] = False
    sample: Annotated[Share, Meta(description="The share of exchanges that is recorded, chosen by chance.")] = 1.0
    max_file: Annotated[Size, Meta(ge=1, description="From this size on a cassette is followed by a new one.")] = (
        64 * 1024 * 1024
    )
    max_files: Annotated[int, Meta(ge=1, description="The most cassettes in the folder; the oldest go first.")] = 10
    max_queue: Annotated[
        Size,
        Meta(ge=1, description="The most bytes that wait to be written; what finds no room is dropped and counted."),
    ] = 16 * 1024 * 1024


@stage("record", summary="Record exchanges in cassettes, to replay and to compare.", settings=RecordSettings)
class Record:
    """Let all pass, and see to it that each, or a share of them, is recorded when it has ended."""

    def __init__(self, settings: RecordSettings, resources: Resources) -> None:
        self._settings = settings
        self._recorder = resources.recorders.open(
            Path(settings.path),
            max_file=settings.max_file,
            max_files=settings.max_files,
            max_queue=settings.max_queue,
        )
        self._random = resources.random
        self._wall = resources.wall
        self._keep = _keeper(settings.contents)
        self._budget = Budget(settings.max_queue)

    def judge(self, exchange: Exchange) -> Verdict:
        """Let the exchange pass. Not a checkpoint."""
        sample = self._settings.sample
        if sample >= 1.0 or self._random.random() < sample:
            times = StreamTimes(self._budget, keep_data=self._settings.answers and self._settings.contents != "drop")
            exchange.taps.append(times.tap)
            exchange.on_settle.append(lambda ended: self._settle(ended, times))
        return Verdict.PASS

    def _settle(self, exchange: Exchange, times: StreamTimes) -> Awaitable[None] | None:
        """Record an ended exchange: at once, or in a thread where there is much to read."""
        arrived = self._wall() - (trio.current_time() - exchange.started)
        chunks = times.chunks(exchange.started)
        size = self._much(exchange, chunks)
        if size > LARGE:
            return self._in_thread(size, exchange, chunks, arrived)
        self._recorder.take(self._take(exchange, chunks), arrived)
        return None

    async def _in_thread(self, size: int, exchange: Exchange, chunks: Chunks, arrived: float) -> None:
        self._recorder.take(await compute(size, self._take, exchange, chunks), arrived)

    def _take(self, exchange: Exchange, chunks: Chunks) -> Take:
        return take_of(exchange, chunks, self._keep, answers=self._settings.answers)

    def _much(self, exchange: Exchange, chunks: Chunks) -> int:
        """Return how many bytes are to be read."""
        if self._settings.contents == "drop":
            return 0
        size = len(exchange.request.body)
        if self._settings.answers:
            size += len(exchange.reply.body) if exchange.reply is not None else 0
            size += sum(len(chunk.data) for chunk in chunks)
        return size


def _keeper(contents: Contents) -> Callable[[bytes], bytes]:
    """Return what makes of a body as much as is to be kept."""
    if contents == "mask":
        return Mask().of
    return bytes if contents == "keep" else lambda _: b""
