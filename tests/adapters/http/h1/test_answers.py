"""How answers leave: framing, reuse of connections, early answers, and what keeps a client from sending in vain."""

import re

import pytest
import trio

from sluicegate.adapters.http.h1.limits import Limits
from tests.adapters.http.h1.edge import on_http, read_body, reply, serving

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n"
DATE = re.compile(rb"date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n")


def answering(*parts, status=200, headers=()):
    @on_http
    async def app(scope, receive, send):
        await read_body(receive)
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for part in parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": parts[-1], "more_body": False})

    return app


LENGTH_2 = [(b"content-length", b"2")]


@pytest.mark.parametrize(
    ("app", "request_bytes", "wanted"),
    [
        (answering(b"ok"), GET, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        (answering(b"ok", headers=LENGTH_2), GET, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        (answering(b""), GET, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        (
            answering(b"ab", b"", b"c"),
            GET,
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        ),
        (
            answering(b"a" * 20, b""),
            GET,
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n14\r\n" + b"a" * 20 + b"\r\n0\r\n\r\n",
        ),
        (answering(b"o", b"k", headers=LENGTH_2), GET, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        (answering(b"ok"), HEAD, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
        (answering(b"o", b"k"), HEAD, b"HTTP/1.1 200 OK\r\n\r\n"),
        (answering(b"", headers=[(b"content-length", b"7")]), HEAD, b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"),
        (answering(b"", status=204), GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (answering(b"x", status=204, headers=LENGTH_2), GET, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (answering(b"x", status=304), GET, b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        (answering(b"", status=299), GET, b"HTTP/1.1 299 Unknown\r\ncontent-length: 0\r\n\r\n"),
        (answering(b"ok"), OLD, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"),
        (answering(b"o", b"k"), OLD, b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok"),
        (
            answering(b"ok"),
            b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok",
        ),
        (
            answering(b"ok", headers=[(b"X-A", b"b"), (b"connection", b"close"), (b"transfer-encoding", b"gzip")]),
            GET,
            b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
        ),
    ],
)
async def test_an_answer_is_exactly_this(app, request_bytes, wanted):
    async with serving(app) as served, served.client() as client:
        await client.send(request_bytes)
        received = b""
        with trio.fail_after(5):
            while DATE.sub(b"", received) != wanted:
                part = await client.stream.receive_some()
                received += part
                assert part, received
                assert wanted.startswith(DATE.sub(b"", received)), received
        assert len(DATE.findall(received)) == 1
        if b"connection: close" in wanted:
            await client.assert_closed()
        elif b"HTTP/1.1 200" in wanted and b"content-length: 2\r\n" in wanted:
            await client.send(GET)
            assert (await client.answer()).body == b"ok"


async def test_head_and_body_leave_in_one_write():
    async with serving(answering(b"ok")) as served, served.client() as client:
        for _ in range(20):
            await client.send(GET)
            assert (await client.stream.receive_some()).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize(
    "app",
    [
        answering(b"longer", headers=LENGTH_2),
        answering(b"s", headers=LENGTH_2),
        answering(b"o", b"longer", headers=LENGTH_2),
        answering(b"ok", headers=[(b"a", b"b\r\nc: d")]),
    ],
    ids=["too long", "too short", "too long later", "line break"],
)
async def test_an_answer_that_would_break_the_framing_never_looks_complete(app, caplog):
    async with serving(app) as served:
        async with served.client() as client:
            await client.send(GET)
            try:
                answer = await client.answer()
            except (AssertionError, trio.BrokenResourceError):
                pass
            else:
                assert answer.status == 500
        assert "GET / failed" in caplog.text
        caplog.clear()


async def test_an_answer_ended_by_the_connection_that_is_cut_does_not_end_cleanly(caplog):
    @on_http
    async def app(scope, receive, send):
        await reply(send, b"half", more=True)
        raise ValueError

    async with serving(app) as served, served.client() as client:
        await client.send(OLD)
        with pytest.raises(trio.BrokenResourceError):
            await client.to_the_end()
    caplog.clear()


@on_http
async def early(scope, receive, send):
    """Answer without a look at the body."""
    await reply(send, b"early", 413)


async def test_after_an_early_answer_the_rest_of_a_short_body_is_passed_over():
    async with serving(early) as served, served.client() as client:
        for _ in range(3):
            await client.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n")
            assert (await client.answer()).body == b"early"
            await client.send(b"x" * 100_000)


async def test_an_early_answer_to_an_endless_body_is_read_and_then_the_connection_ends():
    limits = Limits(unwanted=300_000, linger_time=0.3, tick=0.05)
    async with serving(early, limits) as served, served.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        assert (await client.answer()).body == b"early"
        with pytest.raises(trio.BrokenResourceError):  # noqa: PT012  # when is a race with the kernel
            for _ in range(1000):
                await client.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")


EXPECTING = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n"


async def test_permission_to_send_comes_when_the_application_asks_for_the_body_and_once():
    async with serving(answering(b"ok")) as served, served.client() as client:
        for _ in range(2):
            await client.send(EXPECTING)
            assert (await client.answer()).status == 100
            await client.send(b"he")
            await trio.sleep(0.01)
            await client.send(b"llo")
            assert (await client.answer()).body == b"ok"


async def test_a_refusal_comes_instead_of_the_permission_and_ends_the_connection():
    async with serving(early) as served, served.client() as client:
        await client.send(EXPECTING)
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        await client.assert_closed()


async def test_after_a_refusal_instead_of_the_permission_no_body_is_waited_for():
    seen = []

    @on_http
    async def app(scope, receive, send):
        await reply(send, b"no", 413, more=True)
        seen.append((await receive())["type"])
        await send({"type": "http.response.body", "body": b"!", "more_body": False})

    async with serving(app) as served, served.client() as client:
        await client.send(EXPECTING)
        assert (await client.answer()).body == b"no!"
    assert seen == ["http.disconnect"]


async def test_the_scope_is_what_asgi_wants():
    seen = []

    @on_http
    async def app(scope, receive, send):
        seen.append(scope)
        await reply(send)

    async with serving(app) as served, served.client() as client:
        await client.send(b"GET http://a.test/%C3%A9?b=%20 HTTP/1.1\r\nHost: x\r\nX-A:  b \r\nx-a: c\r\n\r\n")
        await client.answer()
        (scope,) = seen
        assert scope["asgi"]["version"] == "3.0"
        assert (scope["type"], scope["method"], scope["http_version"], scope["scheme"]) == (
            "http",
            "GET",
            "1.1",
            "http",
        )
        assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/é", b"/%C3%A9", b"b=%20")
        assert scope["headers"] == [(b"host", b"a.test"), (b"x-a", b"b"), (b"x-a", b"c")]
        assert scope["server"] == ("127.0.0.1", served.port)
        assert scope["client"][0] == "127.0.0.1"
        assert scope["root_path"] == ""
        assert scope["state"] == {}
