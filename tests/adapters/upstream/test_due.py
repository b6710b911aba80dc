"""Calls that end by themselves when their time is up, over real sockets."""

import socket
import struct

import pytest
import trio
import trustme

from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.adapters.upstream.proxy import Proxies
from sluicegate.pipeline.errors import StreamInterrupted
from sluicegate.pipeline.provider import UpstreamRequest
from tests.adapters.upstream.certificates import secured, server_context, trusting
from tests.adapters.upstream.upstreams import CHUNKED, Silent, Upstream, answer, post, read, serving

BRIEF = 0.1


def soon() -> float:
    return trio.current_time() + BRIEF


def later() -> float:
    return trio.current_time() + 10.0


async def test_no_answer_in_time_ends_the_call_and_the_connection(transport):
    silent = Silent()
    async with serving(silent) as url:
        due = soon()
        with pytest.raises(trio.TooSlowError):
            await transport.send_by(post(url), connect=10.0, due=due)
        assert due <= trio.current_time() < due + 5.0
        with trio.fail_after(10):
            await silent.gone.wait()
    assert transport.pool.open == 0


async def test_a_stream_that_falls_silent_ends_in_time_and_gives_all_before(transport):
    upstream = Upstream(CHUNKED + b"3\r\none\r\n", hold=True)
    async with serving(upstream) as url:
        response = await transport.send_by(post(url), connect=10.0, due=later())
        assert await response.receive() == b"one"
        response.put_off(soon())
        with pytest.raises(trio.TooSlowError):
            await response.receive()
        await response.aclose()
        with trio.fail_after(10):
            await upstream.gone.wait()
    assert transport.pool.open == 0


async def test_time_that_is_up_between_two_reads_harms_neither_the_next_one_nor_the_next_call(transport):
    more = trio.Event()

    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(CHUNKED + b"3\r\none\r\n")
        await more.wait()
        await stream.send_all(b"3\r\ntwo\r\n0\r\n\r\n")
        await stream.receive_some()
        await trio.sleep(3 * BRIEF)
        await stream.send_all(answer(b"again"))

    async with serving(handler) as url:
        response = await transport.send_by(post(url), connect=10.0, due=soon())
        assert await response.receive() == b"one"
        await trio.sleep(2 * BRIEF)
        more.set()
        response.put_off(soon())
        assert await response.receive() == b"two"
        response = await transport.send_by(post(url), connect=10.0, due=later())
        assert await read(response) == b"again"
    assert transport.pool.open == 1


async def test_a_cut_after_time_that_was_up_while_nobody_read_is_told_as_a_cut(transport):
    cut = trio.Event()

    async def handler(stream):
        await stream.receive_some()
        await stream.send_all(CHUNKED + b"3\r\none\r\n")
        await cut.wait()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # its end is a reset

    async with serving(handler) as url:
        response = await transport.send_by(post(url), connect=10.0, due=soon())
        await trio.sleep(2 * BRIEF)
        response.put_off(later())
        assert await response.receive() == b"one"
        cut.set()
        with pytest.raises(StreamInterrupted):
            await response.receive()


async def test_connecting_and_sending_end_in_time_too(transport):
    async def hanging(stream):
        await trio.sleep_forever()

    long = b"x" * 16 * 1024 * 1024
    async with serving(hanging) as url:
        through = HttpTransport(proxies=Proxies({"all": url}))
        with pytest.raises(trio.TooSlowError):
            await through.send_by(post("https://a.example"), connect=10.0, due=soon())
        with pytest.raises(trio.TooSlowError):
            await transport.send_by(UpstreamRequest("POST", url, (), long), connect=10.0, due=soon())
    assert transport.pool.open == through.pool.open == 0


async def test_reads_of_tls_end_in_time(tmp_path):
    ca = trustme.CA()
    transport = HttpTransport(tls=trusting(ca, tmp_path), proxies=Proxies({}))
    upstream = Upstream(CHUNKED + b"3\r\none\r\n", hold=True)
    async with serving(secured(upstream, server_context(ca.issue_cert("127.0.0.1")))) as url:
        response = await transport.send_by(post(url.replace("http:", "https:")), connect=10.0, due=later())
        assert await response.receive() == b"one"
        response.put_off(soon())
        with pytest.raises(trio.TooSlowError):
            await response.receive()
    assert transport.pool.open == 0
    await transport.aclose()
