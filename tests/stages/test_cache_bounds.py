"""How much the cache keeps, and what it does not do in its worker."""

from collections.abc import Coroutine

import pytest
import trio

from sluicegate.pipeline.heavy import LARGE
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Chunk, ChunkKind
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.cache import CacheSettings
from sluicegate.stages.parts.cache_entry import Budget, Recording
from tests.stages.caching import answered, cache, hit, missed, streamed
from tests.stages.exchanges import answer, asking, content, end


def test_no_more_answers_are_kept_than_max_entries_and_the_latest_used_stay() -> None:
    stage = cache(max_entries=2)
    for name in ("one", "two"):
        answered(stage, asking(user=name))
    hit(stage, asking(user="one"))
    answered(stage, asking(user="three"))
    hit(stage, asking(user="one"))
    hit(stage, asking(user="three"))
    missed(stage, asking(user="two"))


def test_answers_take_no_more_bytes_together_than_max_bytes() -> None:
    stage = cache(max_entry=1000, max_bytes=2500)
    for name in ("one", "two", "three"):
        answered(stage, asking(user=name), bytes(700))
    missed(stage, asking(user="one"))
    hit(stage, asking(user="two"))
    hit(stage, asking(user="three"))


def test_a_largest_answer_that_could_never_be_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="max_entry: is 1001B, and max_bytes only 1kB"):
        CacheSettings(max_entry=1001, max_bytes=1000)


@pytest.mark.parametrize(("size", "verdict"), [(LARGE, Verdict.PASS), (LARGE + 1, Verdict.WAIT)])
def test_a_large_request_is_never_read_in_the_worker(size: int, verdict: Verdict) -> None:
    exchange = asking()
    exchange.request.body = bytes(size)
    assert cache().judge(exchange) is verdict


def test_a_large_answer_is_neither_packed_nor_unpacked_in_a_worker() -> None:
    stage = cache()
    exchange = missed(stage, asking())
    answer(exchange, bytes(LARGE + 1))
    exchange.on_reply.pop()(exchange)
    for state in (State.REPLYING, State.SENDING):
        exchange.enter(state)
    exchange.end(State.OK, 0.0)
    keeping = exchange.on_settle.pop()(exchange)
    assert isinstance(keeping, Coroutine)
    trio.run(_awaited, keeping)
    again = asking()
    assert stage.judge(again) is Verdict.WAIT
    assert trio.run(stage.attend, again) is Verdict.REPLY


async def _awaited(work: Coroutine[None, None, None]) -> None:
    await work


def test_an_answer_larger_than_max_entry_is_not_kept() -> None:
    stage = cache(max_entry=1000)
    answered(stage, asking(user="small"), bytes(900))
    answered(stage, asking(user="large"), bytes(1000))
    hit(stage, asking(user="small"))
    missed(stage, asking(user="large"))


def test_a_stream_larger_than_max_entry_is_not_kept_and_passes_whole() -> None:
    stage = cache(max_entry=1000)
    exchange = missed(stage, asking(stream=True))
    streamed(stage, exchange, [content("x" * 400) for _ in range(3)])
    end(exchange)
    missed(stage, asking(stream=True))


def test_streams_under_way_share_one_budget_and_give_it_back() -> None:
    budget = Budget(250)
    first, second = Recording(1000, budget), Recording(1000, budget)
    chunk = Chunk(bytes(100), ChunkKind.CONTENT)
    exchange = asking(stream=True)
    first.tap(exchange, chunk)
    second.tap(exchange, chunk)
    second.tap(exchange, chunk)
    assert second.chunks is None
    assert budget.left == 150
    first.release()
    assert first.chunks == ((bytes(100), int(ChunkKind.CONTENT), ""),)
    assert budget.left == 250
    first.release()
    assert budget.left == 250


def test_a_recording_that_is_over_takes_nothing_more() -> None:
    budget = Budget(250)
    recording = Recording(1000, budget)
    recording.tap(asking(stream=True), content("a"))
    recording.release()
    recording.tap(asking(stream=True), content("b"))
    assert (recording.chunks, budget.left) == (None, 250)
