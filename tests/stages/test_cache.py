"""What the cache answers, what it keeps, and what it never does."""

import msgspec
import pytest
import trio
from trio.testing import MockClock

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.errors import ClientGone, StreamInterrupted, UpstreamError
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import at_once
from sluicegate.stages.cache import Cache, CacheSettings
from sluicegate.stages.parts.cache_entry import Entry
from sluicegate.stages.parts.cache_key import cache_key
from tests.conformance.waiting_store import WaitingStore
from tests.stages.caching import CHUNKS, TARGET, Hand, answered, cache, hit, missed, streamed
from tests.stages.exchanges import answer, asking, attempt, end, looking


def test_a_repeated_request_is_answered_with_the_same_body() -> None:
    stage = cache()
    first = missed(stage, asking())
    attempt(first, TARGET)
    first.reply = Reply(body=b'{"id":"1"}', media_type="application/json; charset=utf-8")
    first.usage = Usage(input=9, output=5, cached=2, cache_write=1, reasoning=3)
    end(first)
    second = hit(stage, asking())
    assert second.reply == Reply(body=b'{"id":"1"}', media_type="application/json; charset=utf-8")
    assert second.usage == first.usage
    assert second.notes == {"cache": "hit", "provider": "openai", "model": "gpt-4o-2024"}
    assert second.on_settle == []
    assert second.attempts == []


async def test_a_repeated_stream_is_answered_as_a_stream_of_the_same_chunks() -> None:
    stage = cache()
    first = missed(stage, asking(stream=True))
    streamed(stage, first)
    first.usage = Usage(input=9, output=2)
    end(first)
    second = hit(stage, asking(stream=True))
    assert second.reply is not None
    assert second.reply.stream is not None
    batches = [batch async for batch in second.reply.stream]
    assert [[(chunk.data, chunk.kind, chunk.event) for chunk in batch] for batch in batches] == [
        [(chunk.data, chunk.kind, chunk.event) for chunk in CHUNKS]
    ]
    assert second.usage == Usage(input=9, output=2)


def test_a_stream_and_a_plain_answer_do_not_stand_in_for_each_other() -> None:
    stage = cache()
    answered(stage, asking())
    missed(stage, asking(stream=True))
    hit(stage, asking(stream=False))


def test_an_answer_is_kept_for_its_time() -> None:
    clock = Hand()
    stage = cache(clock, ttl=60.0)
    answered(stage, asking())
    clock.now = 59.5
    hit(stage, asking())
    clock.now = 60.0
    missed(stage, asking())


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (State.FAILED, UpstreamError("the provider answered 500")),
        (State.CANCELLED, ClientGone("left")),
        (State.CANCELLED, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_did_not_end_well_is_never_kept(outcome: State, error: UpstreamError | None, stream: bool) -> None:
    stage = cache()
    exchange = missed(stage, asking(stream=stream))
    if stream:
        streamed(stage, exchange)
    else:
        answer(exchange)
    end(exchange, outcome, error=error)
    missed(stage, asking(stream=stream))


def test_a_stream_cut_after_its_finish_chunk_is_never_kept() -> None:
    stage = cache()
    exchange = missed(stage, asking(stream=True))
    streamed(stage, exchange)
    end(exchange, State.FAILED, error=StreamInterrupted("cut"))
    missed(stage, asking(stream=True))


@pytest.mark.parametrize("status", [201, 206, 400, 500])
def test_only_status_200_is_kept(status: int) -> None:
    stage = cache()
    exchange = missed(stage, asking())
    answer(exchange, status=status)
    end(exchange)
    missed(stage, asking())


def test_no_store_neither_looks_nor_keeps() -> None:
    stage = cache()
    bypass = asking(headers={"cache-control": "no-store"})
    assert stage.judge(bypass) is Verdict.PASS
    assert bypass.notes["cache"] == "bypass"
    assert bypass.on_settle == []
    answered(stage, asking(), b'{"id":"old"}')
    again = asking(headers={"cache-control": "max-age=0, No-Store"})
    assert stage.judge(again) is Verdict.PASS
    assert again.reply is None


def test_no_cache_does_not_look_but_keeps_the_fresh_answer() -> None:
    stage = cache()
    answered(stage, asking(), b'{"id":"old"}')
    fresh = asking(headers={"cache-control": "No-Cache"})
    assert stage.judge(fresh) is Verdict.PASS
    assert fresh.notes["cache"] == "bypass"
    answer(fresh, b'{"id":"new"}')
    end(fresh)
    after = hit(stage, asking())
    assert after.reply is not None
    assert after.reply.body == b'{"id":"new"}'


@pytest.mark.parametrize("operation", ["models", "model"])
def test_looking_at_models_has_nothing_to_do_with_it(operation: str) -> None:
    exchange = looking(operation, "openai/gpt-4o")
    assert cache().judge(exchange) is Verdict.PASS
    assert exchange.notes == {}
    assert exchange.on_settle == []


@pytest.mark.parametrize("operation", ["completion", "embedding"])
def test_completions_and_embeddings_are_kept_too(operation: str) -> None:
    stage = cache()
    answered(stage, asking(operation))
    hit(stage, asking(operation))


def test_an_entry_of_another_format_is_a_miss() -> None:
    store = MemoryStore(Hand())
    stage = Cache(CacheSettings(), Resources(stores={"memory": store}))
    part = store.part("cache", max_entries=1000, max_bytes=1000_000)
    for strange in (b"", b"\xc1", b"\x01", msgspec.msgpack.encode((1, "", b"", None, None, "", ""))):
        at_once(part.put(cache_key(asking()), strange, ttl=60.0))
        missed(stage, asking())


async def test_a_store_that_waits_is_waited_for(autojump_clock: MockClock) -> None:
    store = WaitingStore(MemoryStore(), delay=0.5)
    stage = Cache(CacheSettings(), Resources(stores={"memory": store}))
    first = asking()
    assert stage.judge(first) is Verdict.WAIT
    assert await stage.attend(first) is Verdict.PASS
    answer(first)
    first.on_reply.pop()(first)
    for state in (State.REPLYING, State.SENDING):
        first.enter(state)
    first.end(State.OK, 1.0)
    keeping = first.on_settle.pop()(first)
    assert keeping is not None
    await keeping
    second = asking()
    assert await stage.attend(second) is Verdict.REPLY
    assert trio.current_time() == 1.5


def test_an_entry_is_what_it_was_after_packing() -> None:
    entry = Entry("text/event-stream", b"", ((b"\x00\xff", 1, "event"),), Usage(1, 2, 3, 4, 5, True), "p", "m")
    assert Entry.unpack(entry.pack()) == entry
    bare = Entry("application/json", b"{}", None, None, "", "")
    assert Entry.unpack(bare.pack()) == bare


def test_two_tenants_never_share_an_answer() -> None:
    stage = cache()
    answered(stage, asking(caller=Caller(tenant="one", key_name="one")))
    missed(stage, asking(caller=Caller(tenant="two", key_name="two")))
