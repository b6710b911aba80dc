"""The test kit does what it promises to authors of stages and providers."""

import pytest
import trio

from sluicegate.pipeline.errors import ClientGone, InvalidRequest, UpstreamError
from sluicegate.pipeline.life import State
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.reply import ChunkKind, Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.testing import (
    ScriptedResponse,
    ScriptedStream,
    ScriptedTransport,
    SpyOutlet,
    answering,
    chat,
    chunk,
    completion,
    embedding,
    exchange_of,
    gateway_of,
    judging,
    messages,
    placed,
    request,
    settling,
    waiting,
)

ASKED = UpstreamRequest("POST", "https://upstream.example/v1/chat/completions", body=b"{}")


@stage("mark", summary="Leave a mark.", lane=Lane.REPLY)
class Marking:
    def judge(self, exchange):
        exchange.notes["marked"] = "yes"
        return Verdict.PASS


def test_requests_are_as_validate_leaves_them():
    asked = chat("hi", temperature=0.5, stream=True, unknown={"kept": 1}, timeout=3.0)
    assert (asked.operation, asked.model, asked.stream, asked.timeout) == ("chat", "simulator/small", True, 3.0)
    assert list(asked.texts()) == [("messages[0].content", "hi")]
    assert (bytes(asked.fields["temperature"]), bytes(asked.fields["unknown"])) == (b"0.5", b'{"kept":1}')
    assert asked.typed.temperature == 0.5


def test_request_takes_any_field_of_its_api():
    said = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]
    assert [text for _, text in chat(messages=said, model="m").texts()] == ["be kind", "hi"]
    assert list(completion("once").texts()) == [("prompt", "once")]
    assert list(embedding("word").texts()) == [("input", "word")]
    assert list(messages("word", system="be kind").texts()) == [("system", "be kind"), ("messages[0].content", "word")]
    assert (completion().operation, embedding().operation) == ("completion", "embedding")
    assert (messages().operation, messages().dialect, chat().dialect) == ("messages", "anthropic", "openai")


def test_request_that_the_api_does_not_allow_raises():
    with pytest.raises(InvalidRequest, match="temperature"):
        chat(temperature="hot")


def test_request_without_a_body_has_none():
    assert (request("models").body, request("models").typed) == (b"", None)


async def test_exchange_for_a_stages_method_runs_from_now(autojump_clock):
    await trio.sleep(5)
    exchange = exchange_of(chat("hi"), timeout=2.0)
    assert (exchange.started, exchange.deadline, exchange.state) == (5.0, 7.0, State.QUEUED)
    assert exchange_of().request.operation == "chat"


async def test_functions_become_stages_of_their_names(autojump_clock):
    def decide(exchange):
        return None

    async def wait(exchange):
        return Verdict.PASS

    stages = [judging(decide), waiting(wait, permits=2), answering(), settling(decide, name="book")]
    assert [(each.name, each.lane, each.permits) for each in stages] == [
        ("decide", Lane.REQUEST, None),
        ("wait", Lane.REQUEST, 2),
        ("answer", Lane.REQUEST, None),
        ("book", Lane.SETTLE, None),
    ]
    async with gateway_of(*stages) as gateway:
        assert (await gateway.ask(chat())).reply.body == b"{}"
        assert [gauge.name for gauge in gateway.gauges()] == ["decide", "wait", "answer", "hooks", "book"]


@pytest.mark.parametrize("make", [judging, waiting])
async def test_function_answers_with_a_reply(autojump_clock, make):
    def at_once(exchange):
        return Reply(body=b"[1]")

    async def later(exchange):
        await trio.sleep(1)
        return Reply(body=b"[1]")

    async with gateway_of(make(at_once if make is judging else later)) as gateway:
        assert (await gateway.ask(chat())).reply.body == b"[1]"


@pytest.mark.parametrize("late", [False, True])
async def test_settling_function_sees_each_end(autojump_clock, late):
    seen = []

    async def later(exchange):
        await trio.sleep(1)
        seen.append(exchange.outcome)

    async with gateway_of(answering(), settling(later if late else lambda e: seen.append(e.outcome))) as gateway:
        await gateway.ask(chat())
        await gateway.topology.settle.idle()
    assert seen == [State.OK]


async def test_marked_stage_stands_in_its_own_lane_under_its_own_name(autojump_clock):
    assert (placed(Marking()).name, placed(Marking()).lane) == ("mark", Lane.REPLY)
    async with gateway_of(answering(), Marking()) as gateway:
        assert (await gateway.ask(chat())).notes == {"marked": "yes"}


async def test_gateway_has_the_limits_and_resources_it_was_given(autojump_clock):
    resources = Resources()
    async with gateway_of(answering(), max_in_flight=3, timeout=7, resources=resources) as gateway:
        assert (gateway.settings.max_in_flight, gateway.settings.timeout) == (3, 7)
        assert gateway.resources is resources
        assert gateway.exchange(chat()).deadline == 7.0


async def test_exception_of_the_block_comes_out_as_itself_with_its_cause(autojump_clock):
    cause = KeyError("why")

    async def block():
        async with gateway_of(answering()):
            raise ValueError("mine") from cause

    with pytest.raises(ValueError, match="mine") as raised:
        await block()
    assert raised.value.__cause__ is cause


async def test_spy_outlet_writes_down_what_left_and_when(autojump_clock):
    stream = ScriptedStream((1, "a"), (1, [chunk("b"), chunk("c")]))
    async with gateway_of(judging(lambda _: Reply(stream=stream))) as gateway:
        outlet = SpyOutlet()
        await gateway.serve(gateway.exchange(chat()), outlet)
    assert outlet.written == [(0.0, "open"), (1.0, '"a"'), (2.0, '"b""c"'), (2.0, "close")]
    assert outlet.texts == ["open", '"a"', '"b""c"', "close"]


async def test_spy_outlet_may_be_slow(autojump_clock):
    outlet = SpyOutlet(seconds=3)
    await outlet.open(exchange_of())
    await outlet.send([chunk("a")])
    assert outlet.written == [(3.0, "open"), (6.0, '"a"')]


async def test_spy_outlet_may_lose_its_client(autojump_clock):
    outlet = SpyOutlet(gone_at=1)
    await outlet.open(exchange_of())
    for _ in range(2):
        with pytest.raises(ClientGone):
            await outlet.send([chunk("a")])
    assert outlet.texts == ["open"]


async def test_spy_outlet_may_stop_reading(autojump_clock):
    outlet = SpyOutlet(stall_at=1)
    await outlet.open(exchange_of())
    for _ in range(2):
        with trio.move_on_after(10) as scope:
            await outlet.send([chunk("a")])
        assert scope.cancelled_caught
    assert outlet.texts == ["open"]


async def test_scripted_stream_follows_its_script_and_notes_that_it_was_closed(autojump_clock):
    stream = ScriptedStream((2, "a"), (1, [chunk("b", ChunkKind.FINISH)]), (1, UpstreamError("cut")))
    (first,) = await anext(stream)
    assert (trio.current_time(), first.data, first.kind) == (2.0, b'"a"', ChunkKind.CONTENT)
    (second,) = await anext(stream)
    assert (trio.current_time(), second.kind) == (3.0, ChunkKind.FINISH)
    with pytest.raises(UpstreamError):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert not stream.closed
    await stream.aclose()
    assert stream.closed


async def test_scripted_transport_gives_its_answers_in_order(autojump_clock):
    answer = ScriptedResponse((1, b"a"), (2, b"b"), status=201, headers={"content-type": "text/plain"}, wait=4)
    transport = ScriptedTransport(UpstreamError("refused"), answer)
    with pytest.raises(UpstreamError, match="refused"):
        await transport.send(ASKED, connect=5.0)
    response = await transport.send(ASKED, connect=2.5)
    assert (response.head.status, response.head.media_type, trio.current_time()) == (201, "text/plain", 4.0)
    assert [await response.receive() for _ in range(4)] == [b"a", b"b", b"", b""]
    assert trio.current_time() == 7.0
    assert transport.requests == [(0.0, ASKED), (0.0, ASKED)]
    assert transport.connects == [5.0, 2.5]


async def test_scripted_response_notes_when_it_was_closed_first(autojump_clock):
    response = ScriptedResponse((0, b"a"), (0, UpstreamError("cut")))
    assert response.closed is None
    assert await response.receive() == b"a"
    with pytest.raises(UpstreamError):
        await response.receive()
    await trio.sleep(3)
    await response.aclose()
    await trio.sleep(3)
    await response.aclose()
    assert response.closed == 3.0


async def test_request_beyond_the_script_is_the_tests_own_mistake(autojump_clock):
    transport = ScriptedTransport()
    with pytest.raises(AssertionError, match=r"request 1 to https://upstream\.example.* has no answer in the script"):
        await transport.send(ASKED, connect=1.0)
    await transport.aclose()
    assert transport.closed
