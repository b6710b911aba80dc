"""Every time limit of a connection, in virtual time. The sweep looks once a second, so times are whole seconds."""

import pytest
import trio
import trio.testing

from tests.adapters.http.h1.edge import on_http, read_body, reply
from tests.adapters.http.h1.memory import talking

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n"


async def test_a_connection_without_a_request_ends_in_silence(autojump_clock):
    async with talking() as talk:
        began = trio.current_time()
        assert await talk.ended_at() - began == 75
        assert await talk.to_the_end() == b""


async def test_the_idle_time_begins_anew_with_each_answer(autojump_clock):
    async with talking() as talk:
        began = trio.current_time()
        for _ in range(3):
            await trio.sleep(70)
            await talk.send(GET)
            assert (await talk.answer()).status == 200
        assert await talk.ended_at() - began == 3 * 70 + 75


@pytest.mark.parametrize("pause", [0, 1.5], ids=["at once silent", "dripping"])
async def test_a_head_that_takes_too_long_is_a_408_however_busily_it_comes(pause, autojump_clock):
    async with talking() as talk:
        began = trio.current_time()
        await talk.send(b"GET / HTTP/1.1\r\nx: ")
        async with trio.open_nursery() as nursery:
            if pause:
                nursery.start_soon(drip, talk, pause)
            answer = await talk.answer()
            assert trio.current_time() - began == 20
            nursery.cancel_scope.cancel()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.message == "the head was not complete after 20 s"
        await talk.ended_at()


async def test_empty_lines_do_not_keep_a_connection_open(autojump_clock):
    async with talking() as talk, trio.open_nursery() as nursery:
        began = trio.current_time()

        async def blank():
            while True:
                await trio.sleep(30)
                await talk.send(b"\r\n")

        nursery.start_soon(blank)
        assert await talk.ended_at() - began == 75
        nursery.cancel_scope.cancel()


async def drip(talk, pause):
    while True:
        await trio.sleep(pause)
        await talk.send(b"a")


async def test_a_body_that_stops_coming_is_a_408_and_the_application_is_told(autojump_clock):
    told = []

    @on_http
    async def app(scope, receive, send):
        told.append(await read_body(receive))

    async with talking(app) as talk:
        began = trio.current_time()
        await talk.send(POST + b"abc")
        await trio.sleep(50)
        await talk.send(b"d")
        answer = await talk.answer()
        assert trio.current_time() - began == 110
        assert (answer.status, answer.message) == (408, "no byte of the body came for 60 s")
        await talk.ended_at()
        assert told == [None]


async def test_the_application_may_take_as_long_as_it_likes(autojump_clock):
    @on_http
    async def app(scope, receive, send):
        await read_body(receive)
        await trio.sleep(10_000)
        await reply(send, b"at last")

    async with talking(app) as talk:
        await talk.send(POST + b"abcdefghij")
        assert (await talk.answer()).body == b"at last"


async def test_a_body_that_the_application_does_not_read_does_not_run_out_of_time(autojump_clock):
    @on_http
    async def app(scope, receive, send):
        await trio.sleep(1000)
        await reply(send, b"%d" % len(await read_body(receive)))

    async with talking(app) as talk:
        size = 1_000_000
        await talk.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size + b"x" * (size // 2))
        await trio.sleep(1001)
        await talk.send(b"x" * (size // 2))
        assert (await talk.answer()).body == b"%d" % size


async def test_a_client_that_stops_reading_is_cut_off(autojump_clock):
    told = []

    @on_http
    async def app(scope, receive, send):
        try:
            await reply(send, b"x")
        except OSError:
            told.append((await receive())["type"])

    async with talking(app) as talk:
        talk.wire.client_reads = trio.Event()
        began = trio.current_time()
        await talk.send(GET)
        assert await talk.ended_at() - began == 30
        assert told == ["http.disconnect"]


async def test_a_client_that_neither_reads_nor_closes_after_the_last_answer_is_cut_off(autojump_clock):
    async with talking() as talk:
        began = trio.current_time()
        await talk.send(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        assert (await talk.answer()).status == 200
        await talk.send(b"more")
        assert await talk.ended_at() - began == 2


async def test_an_unwanted_body_that_does_not_come_ends_the_connection(autojump_clock):
    @on_http
    async def app(scope, receive, send):
        await reply(send, b"early")

    async with talking(app) as talk:
        began = trio.current_time()
        await talk.send(POST)
        assert (await talk.answer()).body == b"early"
        assert await talk.ended_at() - began == 2


async def test_a_server_that_ends_closes_idle_connections_and_lets_answers_end(autojump_clock):
    going_on = trio.Event()

    @on_http
    async def app(scope, receive, send):
        await going_on.wait()
        await reply(send, b"whole")

    async with talking(app) as idle, talking(app) as busy:
        await busy.send(GET)
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        for talk in (idle, busy):
            talk.edge.closing = True
            for connection in talk.edge.connections:
                connection.retire()
        assert await idle.ended_at() == began
        going_on.set()
        answer = await busy.answer()
        assert (answer.body, answer.headers["connection"]) == (b"whole", "close")
        await busy.stream.send_eof()
        await busy.ended_at()
