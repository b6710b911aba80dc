"""What tells that a stream is alive: on virtual time before a sink, and once over a real socket."""

import json
from types import SimpleNamespace

import pytest
import trio

from sluicegate.adapters.http.anthropic_dialect import ANTHROPIC
from sluicegate.adapters.http.gemini_dialect import GEMINI, GeminiArray
from sluicegate.adapters.http.keep_alive import keep_alive
from sluicegate.adapters.http.openai_dialect import OPENAI
from sluicegate.adapters.http.outlet import HttpOutlet
from sluicegate.pipeline.errors import StageCrashed, UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.request import Request
from tests.adapters.http.harness import CHAT, house

WORD = b": keep-alive\n\n"


class Sink:
    """Takes ASGI messages, each in ``seconds``, and writes down when."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.messages = []

    async def __call__(self, message):
        await trio.sleep(self.seconds)
        self.messages.append((trio.current_time(), message))

    @property
    def bodies(self):
        return [(at, message["body"]) for at, message in self.messages if "body" in message]

    @property
    def statuses(self):
        return [message["status"] for _, message in self.messages if "status" in message]


async def no_batches():
    return
    yield


def streaming(operation="chat", *, stream=True):
    request = Request(operation, label="r1")
    request.typed = SimpleNamespace(stream=stream, model="m")
    return Exchange(request, deadline=900.0, started=0.0)


async def serve(exchange, dialect, script, *, sink=None, every=15.0):
    """Serve an exchange whose outlet is called as the script says: pairs of seconds to wait and what to do then."""
    sink = sink or Sink()
    outlet = HttpOutlet(sink, dialect, shared=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_alive, outlet, exchange, every)
        for seconds, act in script:
            await trio.sleep(seconds)
            await act(outlet)
        nursery.cancel_scope.cancel()
    return sink


def begin(exchange):
    async def act(outlet):
        exchange.reply = Reply(stream=no_batches())
        await outlet.open(exchange)

    return act


async def say(outlet):
    await outlet.send([Chunk(b"1", ChunkKind.CONTENT)])


async def test_a_stream_that_is_late_gets_its_head_and_a_word_each_time_it_was_silent_for_so_long(autojump_clock):
    exchange = streaming()
    sink = await serve(
        exchange,
        OPENAI,
        [(40.0, begin(exchange)), (0.0, say), (14.0, say), (16.0, say), (0.0, lambda outlet: outlet.close(exchange))],
    )
    assert sink.statuses == [200]
    one = b"data: 1\n\n"
    assert sink.bodies == [
        (15.0, WORD),
        (30.0, WORD),
        (40.0, one),
        (54.0, one),
        (69.0, WORD),
        (70.0, one),
        (70.0, b"data: [DONE]\n\n"),
    ]


async def test_an_error_behind_an_early_head_is_told_in_band_without_the_terminator(autojump_clock):
    exchange = streaming()

    async def fail(outlet):
        exchange.fail(UpstreamError("down"))
        await outlet.open(exchange)
        await outlet.close(exchange)

    sink = await serve(exchange, OPENAI, [(20.0, fail)])
    assert sink.statuses == [200]
    assert sink.bodies[0] == (15.0, WORD)
    ((at, told),) = sink.bodies[1:]
    assert (at, json.loads(told.removeprefix(b"data: "))["error"]["message"]) == (20.0, "down")
    assert sink.messages[-1][1]["more_body"] is False


async def test_before_the_first_word_an_error_has_its_own_status(autojump_clock):
    exchange = streaming()
    exchange.fail(UpstreamError("down"))
    sink = await serve(exchange, OPENAI, [(14.0, lambda outlet: outlet.open(exchange))])
    assert sink.statuses == [502]


async def test_a_whole_answer_behind_an_early_head_is_never_taken_for_a_stream(autojump_clock):
    exchange = streaming()
    exchange.reply = Reply(body=b"{}")
    sink = await serve(exchange, OPENAI, [(20.0, lambda outlet: outlet.open(exchange))])
    assert json.loads(sink.bodies[-1][1].removeprefix(b"data: "))["error"]["code"] == exchange.failure.code
    assert isinstance(exchange.error, StageCrashed)


@pytest.mark.parametrize(
    ("exchange", "dialect"),
    [
        (streaming(stream=False), OPENAI),
        (streaming("speech"), OPENAI),
        (streaming("generate"), GEMINI),
        (streaming("generate"), GeminiArray()),
    ],
    ids=["a plain call", "sound", "Google's events", "Google's array"],
)
async def test_who_has_no_use_for_it_hears_nothing(autojump_clock, exchange, dialect):
    sink = await serve(exchange, dialect, [(60.0, begin(exchange))])
    assert sink.bodies == []


async def test_bytes_that_pass_through_are_not_added_to(autojump_clock):
    exchange = streaming("speech")

    async def sound(outlet):
        exchange.reply = Reply(stream=no_batches(), media_type="audio/mpeg", raw=True)
        await outlet.open(exchange)

    sink = await serve(exchange, OPENAI, [(0.0, sound), (60.0, say)])
    assert sink.bodies == [(60.0, b"1")]


async def test_anthropics_clients_get_an_event_of_theirs(autojump_clock):
    exchange = streaming("messages")
    sink = await serve(exchange, ANTHROPIC, [(20.0, begin(exchange))])
    assert sink.bodies == [(15.0, b'event: ping\ndata: {"type":"ping"}\n\n')]


async def test_a_word_never_tears_a_write_that_a_slow_client_holds_up(autojump_clock):
    exchange = streaming()
    sink = await serve(exchange, OPENAI, [(1.0, begin(exchange)), (0.0, say)], sink=Sink(seconds=40.0))
    assert [body for _, body in sink.bodies] == [b"data: 1\n\n"]


async def test_over_a_real_socket_a_silent_simulator_is_told_alive_until_its_first_token():
    simulator = {"sim": {"type": "simulator", "first_token": "400ms", "tokens": 2, "tokens_per_second": 1000}}
    server = {"stream": {"keep_alive": "100ms"}}
    async with house(providers=simulator, server=server) as running:
        answer = await running.ask("POST", "/v1/chat/completions", CHAT | {"stream": True})
        assert answer.body.startswith(WORD * 2)
        assert (answer.status, answer.complete) == (200, True)
        assert answer.body.endswith(b"data: [DONE]\n\n")
        plain = await running.ask("POST", "/v1/chat/completions", CHAT)
        assert (plain.status, plain.json["object"]) == (200, "chat.completion")
