"""What a stream's tap notes, and what it does where there is no room."""

import trio

from sluicegate.pipeline.reply import Chunk, ChunkKind
from sluicegate.pipeline.take import RecordedChunk
from sluicegate.stages.parts.cache_entry import Budget
from sluicegate.stages.parts.stream_times import ENTRY, StreamTimes
from sluicegate.testing import exchange_of


def chunk(data):
    return Chunk(data, ChunkKind.CONTENT)


async def play(times, exchange, *script):
    """Tap chunks, each after so many seconds."""
    for seconds, data in script:
        await trio.sleep(seconds)
        assert times.tap(exchange, sent := chunk(data)) is sent


async def test_each_time_and_size_is_noted(autojump_clock):
    exchange, times = exchange_of(), StreamTimes(Budget(1000), keep_data=False)
    await play(times, exchange, (1.0, b"abc"), (0.5, b"de"))
    assert times.chunks(exchange.started) == (RecordedChunk(1.0, 3), RecordedChunk(1.5, 2))


async def test_what_left_together_is_one(autojump_clock):
    exchange, times = exchange_of(), StreamTimes(Budget(1000), keep_data=True)
    await play(times, exchange, (1.0, b"abc"), (0.0, b"de"), (0.00009, b"f"), (0.0001, b"g"))
    first, second = times.chunks(exchange.started)
    assert first == RecordedChunk(1.0, 6, b"abc\nde\nf")
    assert (second.size, second.data) == (1, b"g")


async def test_without_room_times_are_added_up_and_data_is_left_out(autojump_clock):
    exchange, budget = exchange_of(), Budget(ENTRY + 3)
    times = StreamTimes(budget, keep_data=True)
    await play(times, exchange, (1.0, b"abc"), (1.0, b"de"), (1.0, b"f"))
    assert times.chunks(exchange.started) == (RecordedChunk(1.0, 6),)
    assert budget.left == 0


async def test_without_any_room_the_first_time_is_still_noted(autojump_clock):
    exchange, times = exchange_of(), StreamTimes(Budget(0), keep_data=True)
    await play(times, exchange, (1.0, b"abc"), (1.0, b"de"))
    assert times.chunks(exchange.started) == (RecordedChunk(1.0, 5),)


async def test_the_end_of_the_exchange_gives_the_room_back(autojump_clock):
    exchange, budget = exchange_of(), Budget(1000)
    times = StreamTimes(budget, keep_data=True)
    await play(times, exchange, (1.0, b"abc"), (1.0, b"de"))
    assert budget.left == 1000 - 2 * ENTRY - 5
    await exchange.stack.aclose()
    assert budget.left == 1000
    assert [one.data for one in times.chunks(exchange.started)] == [b"abc", b"de"]
