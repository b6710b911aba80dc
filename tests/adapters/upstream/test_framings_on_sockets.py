"""Every framing on a real socket: the whole way from the kernel to the gateway's own errors."""

from contextlib import suppress

import pytest
import trio

from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.pipeline.errors import StreamInterrupted, UpstreamError
from sluicegate.pipeline.provider import UpstreamRequest
from tests.adapters.upstream.framings import BAD, CHUNKED, GOOD, LENGTH_2, OK
from tests.adapters.upstream.upstreams import post, read, serving
from tests.upstreams.faulty import Break, FaultyUpstream

STREAM = CHUNKED + b"4\r\ndata\r\n3;x\r\n: 1\r\n2\r\n\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"


@pytest.mark.parametrize("name", GOOD)
async def test_good_answer_arrives_and_its_connection_is_kept_if_it_may_be(transport, name):
    good = GOOD[name]
    again = LENGTH_2 + b"ok"
    ended = [Break.FIN] if good.ends or good.method == "HEAD" else []
    upstream = FaultyUpstream([good.sent, *ended], [again])
    async with upstream.serving():
        request = UpstreamRequest(good.method, upstream.url, (), b"{}")
        response = await transport.send(request, connect=1.0)
        assert response.head.status == good.status
        assert await read(response) == good.body
        assert transport.pool.open == transport.pool.idle == int(good.keep)
        await response.aclose()
        assert await read(await transport.send(post(upstream.url), connect=1.0)) == b"ok"
        assert upstream.connections == (1 if good.keep and not ended else 2)


@pytest.mark.parametrize("name", BAD)
async def test_bad_answer_is_an_error_and_its_connection_is_closed(transport, name):
    bad = BAD[name]
    upstream = FaultyUpstream([bad.sent, Break.FIN])
    async with upstream.serving():
        if bad.body is None:
            with pytest.raises(UpstreamError, match="before it answered") as caught:
                await transport.send(post(upstream.url), connect=1.0)
            assert caught.value.retryable
            assert not isinstance(caught.value, StreamInterrupted)
        else:
            response = await transport.send(post(upstream.url), connect=1.0)
            received = b""
            with suppress(StreamInterrupted):
                while data := await response.receive():
                    received += data
                pytest.fail("it ended well")
            with pytest.raises(StreamInterrupted, match="in the middle of its answer"):
                await response.receive()
            assert received == bad.body
            await response.aclose()
    assert (transport.pool.open, transport.pool.waiting) == (0, 0)


@pytest.mark.parametrize("how", [Break.FIN, Break.RST])
@pytest.mark.parametrize("sent", [STREAM, OK + b"Content-Length: 40\r\n\r\n" + b"y" * 40], ids=["chunks", "length"])
async def test_answer_that_is_cut_at_any_byte_is_never_taken_for_a_whole_one(transport, sent, how):
    upstream = FaultyUpstream(*([sent[:end], how] for end in range(len(sent))))
    async with upstream.serving():
        for end in range(len(sent)):
            with pytest.raises(UpstreamError):
                await read(await transport.send(post(upstream.url), connect=1.0))
            assert len(upstream.visits) == end + 1  # and asked once: nothing but a used connection asks again
    assert transport.pool.open == 0


async def test_answer_may_come_byte_by_byte(transport):
    upstream = FaultyUpstream([STREAM[i : i + 1] for i in range(len(STREAM))])
    async with upstream.serving():
        assert await read(await transport.send(post(upstream.url), connect=1.0)) == b"data: 1\r\n"


async def test_what_came_together_is_returned_together(transport):
    gate = trio.Event()

    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(CHUNKED)
        await gate.wait()
        await stream.send_all(b"".join(b"3\r\n%03d\r\n" % n for n in range(100)) + b"0\r\n\r\n")
        await trio.sleep_forever()

    async with serving(handler) as url:
        response = await transport.send(post(url), connect=1.0)
        gate.set()
        assert await response.receive() == b"".join(b"%03d" % n for n in range(100))
        assert transport.pool.idle == 1  # the end came along, so the connection is back before anybody closed anything
        assert await response.receive() == b""


async def test_cancelled_read_loses_nothing(transport):
    gate = trio.Event()

    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(CHUNKED + b"3\r\none\r\n")
        await gate.wait()
        await stream.send_all(b"3\r\ntwo\r\n0\r\n\r\n")

    async with serving(handler) as url:
        response = await transport.send(post(url), connect=1.0)
        assert await response.receive() == b"one"
        with trio.move_on_after(0.02) as scope:
            await response.receive()
        assert scope.cancelled_caught
        gate.set()
        assert await read(response) == b"two"


async def test_the_message_says_what_is_wrong_and_nothing_of_the_content():
    upstream = FaultyUpstream([OK + b"X-Secret: hunter2\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"])
    async with upstream.serving():
        with pytest.raises(UpstreamError, match="broke the rules of HTTP before it answered: Duplicate") as caught:
            await HttpTransport().send(post(upstream.url), connect=1.0)
    assert "hunter2" not in caught.value.message
