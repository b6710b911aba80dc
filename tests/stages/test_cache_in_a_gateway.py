"""The cache among other stages: what it keeps is what it sees, and what others do they do once."""

from collections.abc import Callable
from functools import partial

import pytest
import trio
from trio.testing import MockClock

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import LARGE
from sluicegate.pipeline.reply import Chunk, Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.stages.cache import RECORDING, Cache, CacheSettings
from sluicegate.stages.validate import Validate, ValidateSettings
from sluicegate.testing import ScriptedStream, SpyOutlet, chat, gateway_of, judging


def cache(**settings: object) -> Cache:
    return Cache(CacheSettings(**settings), Resources(stores={"memory": MemoryStore()}))  # type: ignore[arg-type]


def adding(letter: bytes) -> Callable[[Exchange], None]:
    """A stage that adds a letter to whole answers, and to each chunk of a stream."""

    def tap(_: Exchange, chunk: Chunk) -> Chunk:
        return Chunk(chunk.data + letter, chunk.kind)

    def hook(exchange: Exchange) -> None:
        assert exchange.reply is not None
        exchange.reply.body += letter

    def judge(exchange: Exchange) -> None:
        exchange.taps.append(tap)
        exchange.on_reply.append(hook)

    return judge


def model(exchange: Exchange) -> Reply:
    if exchange.request.stream:
        return Reply(stream=ScriptedStream((0, "hi")))
    return Reply(body=b'"hi"')


@pytest.mark.parametrize("stream", [False, True])
async def test_stages_around_the_cache_change_an_answer_once_whether_it_is_new_or_kept(
    autojump_clock: MockClock, stream: bool
) -> None:
    """Seen from the client, the stages lie around each other: the last one is the nearest to the model."""
    stages = (judging(adding(b"o"), name="outer"), cache(), judging(adding(b"i"), name="inner"), judging(model))
    async with gateway_of(Validate(ValidateSettings(), Resources()), *stages) as gateway:
        for expected in ("miss", "hit"):
            exchange, outlet = gateway.exchange(chat(stream=stream)), SpyOutlet()
            await gateway.serve(exchange, outlet)
            await gateway.topology.settle.idle()
            assert exchange.notes["cache"] == expected
            if stream:
                assert outlet.texts == ["open", '"hi"io', "close"]
            else:
                assert exchange.reply is not None
                assert exchange.reply.body == b'"hi"io'


async def test_a_stream_that_a_stage_before_the_cache_wraps_is_not_kept(autojump_clock: MockClock) -> None:
    def wrap(exchange: Exchange) -> None:
        exchange.reply = Reply(stream=ScriptedStream((0, "wrapped")))

    def outer(exchange: Exchange) -> None:
        exchange.on_reply.append(wrap)

    stages = (judging(outer), cache(), judging(model))
    async with gateway_of(Validate(ValidateSettings(), Resources()), *stages) as gateway:
        for _ in range(2):
            exchange = gateway.exchange(chat(stream=True))
            await gateway.serve(exchange, SpyOutlet())
            await gateway.topology.settle.idle()
            assert exchange.notes["cache"] == "miss"


@pytest.mark.parametrize("ends", ["well", "gone"])
async def test_a_recording_has_given_its_share_back_when_settling_begins(autojump_clock: MockClock, ends: str) -> None:
    stage = cache()
    left = []

    def recorded(exchange: Exchange) -> Reply:
        exchange.on_settle.append(lambda _: left.append(stage._budget.left))
        return Reply(stream=ScriptedStream((0, "a"), (1, "b"), (1, "c")))

    async with gateway_of(Validate(ValidateSettings(), Resources()), stage, judging(recorded)) as gateway:
        async with trio.open_nursery() as nursery:
            outlet = SpyOutlet(gone_at=2) if ends == "gone" else SpyOutlet()
            nursery.start_soon(gateway.serve, gateway.exchange(chat(stream=True)), outlet)
            await trio.sleep(1.5)
            assert ends == "gone" or stage._budget.left == RECORDING - 6
        await gateway.topology.settle.idle()
    assert left == [RECORDING]


async def test_large_requests_and_answers_are_found_as_small_ones_are() -> None:
    """In real time: they are read in threads."""
    long = "x" * LARGE
    answers = iter(range(10))

    def big(exchange: Exchange) -> Reply:
        number = next(answers)
        if exchange.request.stream:
            return Reply(stream=ScriptedStream(*[(0, f"{number}{long}")] * 3))
        return Reply(body=f'"{number}{long}"'.encode())

    stages = (Validate(ValidateSettings(), Resources()), cache(), judging(big))
    async with gateway_of(*stages) as gateway:
        for ask in (partial(chat, long), chat, partial(chat, long, stream=True), partial(chat, stream=True)):
            seen = []
            for expected in ("miss", "hit"):
                exchange, outlet = gateway.exchange(ask()), SpyOutlet()
                await gateway.serve(exchange, outlet)
                await gateway.topology.settle.idle()
                assert exchange.notes["cache"] == expected
                assert exchange.reply is not None
                seen.append((exchange.reply.body, outlet.texts))
            assert seen[0] == seen[1]
