import json

import pytest
import trio

from sluicegate.adapters.http.openai_dialect import OPENAI
from sluicegate.adapters.http.outlet import HttpOutlet
from sluicegate.pipeline.errors import ClientGone, RateLimited, StreamInterrupted, UpstreamError
from sluicegate.pipeline.exchange import Attempt, Exchange, Target
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.request import Request


class Sink:
    """Takes ASGI messages."""

    def __init__(self, error=None):
        self.messages = []
        self.error = error

    async def __call__(self, message):
        await trio.lowlevel.checkpoint()
        if self.error is not None:
            raise self.error
        self.messages.append(message)

    @property
    def head(self):
        return dict(self.messages[0]["headers"])

    @property
    def bodies(self):
        return [(message["body"], message["more_body"]) for message in self.messages[1:]]


async def no_batches():
    return
    yield


def exchange_with(reply=None, error=None):
    exchange = Exchange(Request("chat", label="r1"), deadline=9.0, started=0.0)
    exchange.reply, exchange.error = reply, error
    return exchange


async def test_a_plain_reply_is_one_head_and_one_body():
    sink = Sink()
    reply = Reply(body=b'{"ok":1}', headers=[("x-more", "1")])
    await HttpOutlet(sink, OPENAI).open(exchange_with(reply))
    assert sink.messages[0]["status"] == 200
    assert sink.head[b"content-type"] == b"application/json"
    assert sink.head[b"content-length"] == b"8"
    assert sink.head[b"x-more"] == b"1"
    assert sink.head[b"x-request-id"] == sink.head[b"request-id"] == b"r1"
    assert sink.bodies == [(b'{"ok":1}', False)]


async def test_a_stream_leaves_one_write_a_batch_and_ends_with_the_terminator():
    sink = Sink()
    exchange = exchange_with(Reply(stream=no_batches()))
    outlet = HttpOutlet(sink, OPENAI)
    await outlet.open(exchange)
    await outlet.send([Chunk(b"1", ChunkKind.CONTENT), Chunk(b"2", ChunkKind.CONTENT)])
    await outlet.close(exchange)
    assert sink.head[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert sink.head[b"cache-control"] == b"no-cache"
    assert sink.head[b"x-accel-buffering"] == b"no"
    assert b"content-length" not in sink.head
    assert sink.bodies == [(b"data: 1\n\ndata: 2\n\n", True), (b"data: [DONE]\n\n", False)]


async def test_an_error_after_the_head_is_told_in_band_without_the_terminator():
    sink = Sink()
    exchange = exchange_with(Reply(stream=no_batches()))
    outlet = HttpOutlet(sink, OPENAI)
    await outlet.open(exchange)
    exchange.fail(StreamInterrupted("cut"))
    await outlet.close(exchange)
    body, more = sink.bodies[-1]
    assert json.loads(body.removeprefix(b"data: "))["error"]["code"] == "stream_interrupted"
    assert not more
    assert len(sink.messages) == 2


async def test_an_error_before_the_head_is_a_whole_answer_with_its_status():
    sink = Sink()
    exchange = exchange_with(error=RateLimited("slow down", retry_after=2.0))
    exchange.headers.append(("x-ratelimit-remaining-requests", "0"))
    await HttpOutlet(sink, OPENAI).open(exchange)
    assert sink.messages[0]["status"] == 429
    assert sink.head[b"retry-after"] == b"2"
    assert sink.head[b"x-ratelimit-remaining-requests"] == b"0"
    assert json.loads(sink.bodies[0][0])["error"]["message"] == "slow down"


async def test_an_error_that_cut_the_exchange_before_its_head_is_a_whole_answer_too():
    sink = Sink()
    await HttpOutlet(sink, OPENAI).close(exchange_with(error=UpstreamError("down")))
    assert sink.messages[0]["status"] == 502
    assert not sink.bodies[0][1]


async def test_used_up_attempts_tell_the_client_not_to_repeat_them():
    sink = Sink()
    exchange = exchange_with(error=UpstreamError("down"))
    exchange.attempts.append(Attempt(Target("a", "b"), 0.0))
    await HttpOutlet(sink, OPENAI).open(exchange)
    assert sink.head[b"x-should-retry"] == b"false"
    assert sink.head[b"x-sluicegate-attempts"] == b"1"


async def test_closing_what_is_complete_sends_nothing_more():
    sink = Sink()
    exchange = exchange_with(Reply(body=b"{}"))
    outlet = HttpOutlet(sink, OPENAI)
    await outlet.open(exchange)
    exchange.fail(StreamInterrupted("too late"))
    await outlet.close(exchange)
    assert len(sink.messages) == 2


@pytest.mark.parametrize("error", [OSError("reset"), trio.BrokenResourceError(), trio.ClosedResourceError()])
async def test_a_connection_that_cannot_be_written_to_means_that_the_client_is_gone(error):
    with pytest.raises(ClientGone):
        await HttpOutlet(Sink(error), OPENAI).open(exchange_with(Reply(body=b"{}")))


async def test_bytes_leave_as_they_are_and_end_without_a_terminator():
    sink = Sink()
    exchange = exchange_with(Reply(stream=no_batches(), media_type="audio/wav", raw=True))
    outlet = HttpOutlet(sink, OPENAI)
    await outlet.open(exchange)
    await outlet.send([Chunk(b"\x00\n", ChunkKind.CONTENT), Chunk(b"data: x", ChunkKind.CONTENT)])
    await outlet.close(exchange)
    assert sink.head[b"content-type"] == b"audio/wav"
    assert sink.bodies == [(b"\x00\ndata: x", True), (b"", False)]
    assert outlet.ended


async def test_bytes_that_were_cut_have_no_end():
    sink = Sink()
    exchange = exchange_with(Reply(stream=no_batches(), media_type="audio/wav", raw=True))
    outlet = HttpOutlet(sink, OPENAI)
    await outlet.open(exchange)
    await outlet.send([Chunk(b"half", ChunkKind.CONTENT)])
    exchange.fail(StreamInterrupted("cut"))
    await outlet.close(exchange)
    assert sink.bodies == [(b"half", True)]


async def test_named_events_say_their_end_by_themselves():
    sink = Sink()
    exchange = exchange_with(Reply(stream=no_batches()))
    outlet = HttpOutlet(sink, OPENAI)
    await outlet.open(exchange)
    await outlet.send([Chunk(b"1", ChunkKind.CONTENT, "image.completed")])
    await outlet.close(exchange)
    assert sink.bodies == [(b"event: image.completed\ndata: 1\n\n", True), (b"", False)]
