"""A cache by itself, and exchanges that come to it and end."""

from collections.abc import Sequence

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.cache import Cache, CacheSettings
from sluicegate.stages.parts.cache_entry import Replay

from .exchanges import answer, attempt, content, end

TARGET = Target("openai", "gpt-4o-2024")
CHUNKS = [
    Chunk(b'{"role":1}', ChunkKind.HEAD),
    content("Hel"),
    content("lo"),
    Chunk(b'{"stop":1}', ChunkKind.FINISH, "done"),
]


class Hand:
    """A clock in the test's hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cache(clock: Hand | None = None, **settings: object) -> Cache:
    store = MemoryStore(clock or Hand())
    return Cache(CacheSettings(**settings), Resources(stores={"memory": store}))  # type: ignore[arg-type]


def missed(stage: Cache, exchange: Exchange) -> Exchange:
    assert stage.judge(exchange) is Verdict.PASS
    assert exchange.notes["cache"] == "miss"
    return exchange


def hit(stage: Cache, exchange: Exchange) -> Exchange:
    assert stage.judge(exchange) is Verdict.REPLY
    assert exchange.notes["cache"] == "hit"
    return exchange


def answered(stage: Cache, exchange: Exchange, body: bytes = b'{"id":"1"}') -> None:
    """Let a miss be answered, plainly."""
    missed(stage, exchange)
    attempt(exchange, TARGET)
    answer(exchange, body)
    end(exchange)


def streamed(stage: Cache, exchange: Exchange, chunks: Sequence[Chunk] = CHUNKS) -> None:
    """Let the chunks of a stream pass the taps; the exchange is left open."""
    attempt(exchange, TARGET)
    exchange.reply = Reply(stream=Replay(()))
    for chunk in chunks:
        for tap in exchange.taps:
            assert tap(exchange, chunk) is chunk
