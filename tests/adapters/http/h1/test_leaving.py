"""Clients that leave, or stop reading, at any moment: their request ends, and nobody else's does."""

import logging

import pytest
import trio

from sluicegate.adapters.http.h1.errors import ClientLeft
from sluicegate.adapters.http.h1.limits import Limits
from tests.adapters.http.h1.edge import on_http, read_body, reply, serving

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
PROMPTLY = 0.1


class Stage:
    """An application that stays until its client has left, and tells when it learned of it."""

    def __init__(self, *, read=True, chunk=None):
        self.reached = trio.Event()
        self.left = trio.Event()
        self.left_at = None
        self.error = None
        self._read = read
        self._chunk = chunk

    async def __call__(self, scope, receive, send):
        if self._read:
            await read_body(receive)
        self.reached.set()
        if self._chunk is not None:
            await self._flood(send)
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left_at = trio.current_time()
        self.left.set()

    async def _flood(self, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": self._chunk, "more_body": True})
        except ClientLeft as error:
            self.error = error


async def assert_told_promptly(stage, left):
    with trio.fail_after(3):
        await stage.left.wait()
    assert stage.left_at - left < PROMPTLY


async def leave(stream, *, abruptly):
    if abruptly:
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    await stream.aclose()


@pytest.mark.parametrize("abruptly", [False, True], ids=["politely", "abruptly"])
@pytest.mark.parametrize("behind", [0, 3, 1_000], ids=["nothing waits", "some waits", "more waits than is read"])
async def test_a_client_that_leaves_is_noticed_whatever_waits_behind_its_request(behind, abruptly):
    stage = Stage()
    async with serving(on_http(stage)) as served, served.client() as client:
        await client.send(GET)
        await stage.reached.wait()
        # Once so much waits that reading stops, only the kernel knows that the client has left.
        await client.send(GET * behind)
        await trio.sleep(0.1)
        left = trio.current_time()
        await leave(client.stream, abruptly=abruptly)
        await assert_told_promptly(stage, left)


async def test_a_client_that_only_closes_its_own_side_counts_as_gone():
    stage = Stage()
    async with serving(on_http(stage)) as served, served.client() as client:
        await client.send(GET)
        await stage.reached.wait()
        left = trio.current_time()
        await client.stream.send_eof()
        await assert_told_promptly(stage, left)


async def test_a_client_that_leaves_while_its_body_waits_to_be_read_is_noticed():
    stage = Stage(read=False)
    limits = Limits(body_ahead=1000)
    reading = trio.Event()

    async def app(scope, receive, send):
        stage.reached.set()
        await reading.wait()
        await stage(scope, receive, send)

    async with serving(on_http(app), limits) as served, served.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n" + b"a" * 5000)
        await stage.reached.wait()
        left = trio.current_time()
        await client.stream.aclose()
        await trio.sleep(0.08)
        reading.set()
        await assert_told_promptly(stage, left)


async def test_a_client_that_stops_reading_loses_its_connection_and_its_request():
    stage = Stage(chunk=b"x" * 100_000)
    async with serving(on_http(stage), Limits(write_time=0.3, tick=0.05)) as served, served.client() as client:
        await client.send(GET)
        with trio.fail_after(5):
            await stage.left.wait()
        assert isinstance(stage.error, ClientLeft)
        with pytest.raises(trio.BrokenResourceError):  # noqa: PT012  # what had been sent can still be read
            while await client.stream.receive_some():
                pass
            raise trio.BrokenResourceError


async def test_a_client_that_reads_slowly_keeps_its_connection():
    size = 4_000_000

    async def app(scope, receive, send):
        await reply(send, b"x" * size)

    async with serving(on_http(app), Limits(write_time=0.3, tick=0.05)) as served, served.client() as client:
        await client.send(GET)
        received = 0
        began = trio.current_time()
        while received < size:
            part = await client.stream.receive_some(100_000)
            assert part, received
            received += len(part)
            await trio.sleep(0.02)
        assert trio.current_time() - began > 0.4


async def test_a_shielded_write_does_not_keep_the_server_from_ending():
    stage = Stage(chunk=b"x" * 100_000)

    async def app(scope, receive, send):
        with trio.CancelScope(shield=True):
            await stage(scope, receive, send)

    with trio.fail_after(3):
        async with serving(on_http(app)) as served, served.client() as client:
            await client.send(GET)
            await stage.reached.wait()
            await trio.sleep(0.2)
    assert stage.left.is_set()


async def test_what_an_application_does_after_its_answer_never_reaches_the_next_request(caplog):
    caplog.set_level(logging.CRITICAL, "sluicegate.http")
    kept = []

    async def app(scope, receive, send):
        if kept:
            assert (await kept[0][0]())["type"] == "http.disconnect"
            with pytest.raises(RuntimeError, match="after the end of its answer"):
                await kept[0][1]({"type": "http.response.body", "body": b"late", "more_body": False})
        kept.append((receive, send))
        await reply(send, b"%d" % len(kept))

    async with serving(on_http(app)) as served, served.client() as client:
        await client.send(GET * 3)
        assert [(await client.answer()).body for _ in range(3)] == [b"1", b"2", b"3"]
        await client.assert_open()


async def test_one_connection_that_fails_leaves_the_others_alone(caplog):
    stage = Stage()

    async def app(scope, receive, send):
        if scope["path"] == "/fail":
            raise ValueError("a secret of the house")
        if scope["path"] == "/cut":
            await reply(send, b"half", headers=[(b"content-length", b"8")], more=True)
            raise ValueError("a secret of the house")
        if scope["path"] == "/none":
            return
        await (stage(scope, receive, send) if scope["path"] == "/stay" else reply(send, b"ok"))

    async with serving(on_http(app)) as served, served.client() as staying:
        await staying.send(GET.replace(b"/", b"/stay", 1))
        await stage.reached.wait()
        for path in (b"/fail", b"/none"):
            async with served.client() as client:
                await client.send(GET.replace(b"/", path, 1))
                answer = await client.answer()
                assert (answer.status, answer.message) == (500, "the gateway failed on this request")
                await client.assert_closed()
        async with served.client() as client:
            await client.send(GET.replace(b"/", b"/cut", 1))
            with pytest.raises((trio.BrokenResourceError, AssertionError)):
                await client.answer()
        async with served.client() as client:
            await client.assert_open()
        assert not stage.left.is_set()
    assert [record.getMessage() for record in caplog.records] == ["GET /fail failed", "GET /cut failed"]
    caplog.clear()
