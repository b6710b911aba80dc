"""Whatever comes in gets a clear error in OpenAI's shape, and the next request is answered as if nothing had been."""

import json

import pytest
import trio

from tests.adapters.http.harness import CHAT, house, read_answer, request

CHATS = "/v1/chat/completions"
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("body", "fragment"),
    [
        (b"", "body"),
        (b"{", "JSON"),
        (b'{"model": "sim/any", "messages": ["\xff\xfe"]}', "UTF-8"),
        (b'{"model": NaN}', "JSON"),
        (b"[]", "object"),
        (b"[" * 100_000 + b"]" * 100_000, ""),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, ""),
        (json.dumps({**CHAT, "messages": []}).encode(), "messages"),
        (json.dumps({**CHAT, "messages": "hello"}).encode(), "messages"),
        (json.dumps({**CHAT, "messages": [{"role": "user", "content": 1}]}).encode(), "messages[0].content"),
        (json.dumps({**CHAT, "temperature": "hot"}).encode(), "temperature"),
        (json.dumps({**CHAT, "model": 4}).encode(), "model"),
        (json.dumps({"messages": CHAT["messages"]}).encode(), "model"),
    ],
)
async def test_a_wrong_body_is_a_400_that_says_what_is_wrong(body, fragment):
    async with house() as running:
        answer = await running.ask("POST", CHATS, body)
        assert answer.status == 400
        assert answer.error["type"] == "invalid_request_error"
        assert fragment in answer.error["message"]
        assert answer.headers["x-should-retry"] == "false"
        await running.assert_well()


async def test_a_declared_body_over_the_limit_is_a_413_that_names_both_sizes():
    async with house() as running:
        answer = await running.ask("POST", CHATS, b" " * (11 * MIB))
        assert (answer.status, answer.complete) == (413, True)
        assert answer.error["message"] == "body is 11 MiB, limit 10 MiB"
        assert answer.error["code"] == "request_too_large"
        await running.assert_well()


@pytest.mark.parametrize("expects", [(), [("expect", "100-continue")]], ids=["at once", "after asking"])
async def test_a_declared_body_over_the_limit_is_refused_before_a_byte_of_it_is_sent(expects):
    async with house() as running, await running.connect() as stream:
        await stream.send_all(request("POST", CHATS, headers=[("content-length", str(11 * MIB)), *expects]))
        with trio.fail_after(2):
            answer = await read_answer(stream)
        assert (answer.status, answer.complete) == (413, True)


async def test_a_chunked_body_is_refused_as_soon_as_it_is_over_the_limit():
    async with house(server={"max_body": "64KiB"}) as running, await running.connect() as stream:
        await stream.send_all(request("POST", CHATS, headers=[("transfer-encoding", "chunked")]))
        await stream.send_all((b"8000\r\n" + b" " * 0x8000 + b"\r\n") * 3)
        with trio.fail_after(2):
            answer = await read_answer(stream)
        assert (answer.status, answer.complete) == (413, True)


async def test_a_chunked_body_over_the_limit_is_a_413():
    async with house(server={"max_body": "64KiB"}) as running:
        part = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
        head = request("POST", CHATS, headers=[("transfer-encoding", "chunked")])
        answer = await running.raw(head + part * 5 + b"0\r\n\r\n")
        assert (answer.status, answer.complete) == (413, True)
        assert answer.error["message"] == "body is over 64 KiB"
        await running.assert_well()


async def test_after_a_413_the_same_connection_takes_the_next_request():
    async with house(server={"max_body": "1KiB"}) as running, await running.connect() as stream:
        await stream.send_all(request("POST", CHATS, b" " * 100_000))
        assert (await read_answer(stream)).status == 413
        await stream.send_all(request("POST", CHATS, CHAT))
        assert (await read_answer(stream)).status == 200


@pytest.mark.parametrize("size", [66_000, 200_000])
async def test_a_head_over_its_limit_is_refused_and_nothing_else_breaks(size):
    async with house() as running:
        answer = await running.ask("GET", "/health", headers=[("x-long", "a" * size)])
        assert answer.status == 431
        await running.assert_well()


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", CHATS, "POST, OPTIONS"),
        ("DELETE", "/v1/models", "GET, HEAD, OPTIONS"),
        ("POST", "/v1/models/sim%2Fany", "GET, HEAD, OPTIONS"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_a_405_that_names_the_right_ones(method, path, allow):
    async with house() as running:
        answer = await running.ask(method, path, {} if method == "POST" else None)
        assert (answer.status, answer.headers["allow"]) == (405, allow)
        assert answer.error["code"] == "method_not_allowed"
        assert method in answer.error["message"]
        await running.assert_well()


@pytest.mark.parametrize(
    "path",
    [
        "/v1beta/models/m:embedText",
        "/v1/models/a/b:predict",
        "/v1/responses/compact",
        "/v1/responses/a/b",
        "/v1/responses//cancel",
        "/v1/responses/a/cancel/",
    ],
)
async def test_what_only_looks_like_a_path_is_a_404_and_no_405(path):
    async with house() as running:
        answer = await running.ask("POST", path, {})
        assert answer.status == 404
        assert "allow" not in answer.headers
        await running.assert_well()


async def test_model_with_a_colon_in_its_name_can_be_read_about():
    async with house() as running:
        answer = await running.ask("GET", "/v1/models/sim/any:8b")
        assert (answer.status, answer.json["id"]) == (200, "sim/any:8b")
        wrong = await running.ask("DELETE", "/v1/models/sim/any:8b")
        assert (wrong.status, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_an_unknown_path_is_a_404_that_names_it():
    async with house() as running:
        answer = await running.ask("POST", "/v1/chats", CHAT)
        assert answer.status == 404
        assert answer.error["message"] == "there is no path /v1/chats"
        await running.assert_well()


@pytest.mark.parametrize("model", ["nobody/any", "unknown"])
async def test_an_unknown_model_is_a_404_that_names_it(model):
    async with house(providers={"sim": {"type": "simulator"}, "sim2": {"type": "simulator"}}) as running:
        answer = await running.chat(model=model)
        assert (answer.status, answer.error["code"], answer.error["param"]) == (404, "model_not_found", "model")
        assert model in answer.error["message"]
        await running.assert_well()


async def test_a_wrong_timeout_header_is_a_400_that_names_it():
    async with house() as running:
        answer = await running.ask("POST", CHATS, CHAT, [("x-sluicegate-timeout", "soon")])
        assert (answer.status, answer.error["param"]) == (400, "x-sluicegate-timeout")
        await running.assert_well()


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/9.9\r\nhost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST " + CHATS.encode() + b" HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST " + CHATS.encode() + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST " + CHATS.encode() + b" HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST " + CHATS.encode() + b" HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade, http2-settings\r\n"
        b"http2-settings: !!\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrubbish that is no frame at all",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT other.test:443 HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_good_http_break_nothing(data):
    async with house() as running:
        stream = await running.connect()
        async with stream:
            await stream.send_all(data)
            await stream.send_eof()
            await read_answer(stream)
        await running.assert_well()
