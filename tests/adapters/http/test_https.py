"""The whole gateway behind TLS, over HTTP/1.1 and HTTP/2, by independent clients."""

import json
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived

from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.pipeline.config.sections import PatienceSettings, ServerSettings, ServerTlsSettings
from sluicegate.pipeline.errors import StreamInterrupted
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.stage import Verdict
from tests.adapters.http.harness import CHAT, house, house_of, read_answer, request

CHATS = "/v1/chat/completions"
PROMPTLY = 0.1
BOTH = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])


@asynccontextmanager
async def client_of(running, certified, *, http2):
    url = f"https://localhost:{running.port}"
    async with httpx.AsyncClient(
        base_url=url, verify=certified.context, http2=http2, http1=not http2, trust_env=False
    ) as client:
        yield client


class Steps:
    """A stage that answers with a stream, a chunk for each step that the test lets it take."""

    def __init__(self):
        self.go, self._steps = trio.open_memory_channel(100)
        self.reached = trio.Event()
        self.cancelled_at = None
        self.cancelled = trio.Event()

    async def attend(self, exchange):
        exchange.reply = Reply(stream=self._source())
        return Verdict.REPLY

    async def _source(self):
        try:
            yield [Chunk(b"first", ChunkKind.CONTENT)]
            self.reached.set()
            async for step in self._steps:
                yield [Chunk(step, ChunkKind.CONTENT)]
        except trio.Cancelled:
            self.cancelled_at = trio.current_time()
            self.cancelled.set()
            raise


@BOTH
async def test_a_chat_is_answered_plainly_and_as_a_stream(certified, http2):
    async with (
        house(server=certified.settings) as running,
        client_of(running, certified, http2=http2) as client,
    ):
        plain = await client.post(CHATS, json=CHAT)
        assert plain.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert plain.json()["choices"][0]["message"]["content"]
        streamed = await client.post(CHATS, json={**CHAT, "stream": True})
        assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = [line.removeprefix("data: ") for line in streamed.text.split("\n\n") if line]
        assert events[-1] == "[DONE]"
        assert all(json.loads(event)["choices"] for event in events[:-1])
        refused = await client.post(CHATS, content=b"{")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_json")
        await running.until_idle()


@BOTH
async def test_chunks_of_a_stream_arrive_one_by_one(certified, http2):
    steps = Steps()
    settings = ServerSettings(tls=ServerTlsSettings(**certified.settings["tls"]))
    async with (
        house_of(steps, settings=settings) as running,
        client_of(running, certified, http2=http2) as client,
        client.stream("POST", CHATS, json={**CHAT, "stream": True}) as answer,
    ):
        parts = answer.aiter_raw()
        with trio.fail_after(5):
            assert await anext(parts) == b"data: first\n\n"
            for number in range(5):
                await steps.go.send(b"%d" % number)
                assert await anext(parts) == b"data: %d\n\n" % number
            await steps.go.aclose()
            assert await anext(parts) == b"data: [DONE]\n\n"
            assert await anext(parts, None) is None


async def test_requests_share_one_connection_over_http2_and_a_slow_one_holds_up_none(certified):
    steps = Steps()
    settings = ServerSettings(tls=ServerTlsSettings(**certified.settings["tls"]))
    async with (
        house_of(steps, settings=settings) as running,
        client_of(running, certified, http2=True) as client,
        client.stream("POST", CHATS, json={**CHAT, "stream": True}) as slow,
    ):
        parts = slow.aiter_raw()
        await anext(parts)
        with trio.fail_after(5):
            answers = [await client.get("/health") for _ in range(3)]
        own = slow.extensions["network_stream"].get_extra_info("client_addr")
        for answer in answers:
            assert answer.status_code == 200
            assert answer.extensions["network_stream"].get_extra_info("client_addr") == own
        await steps.go.aclose()
        assert [part async for part in parts] == [b"data: [DONE]\n\n"]


class H2OverTls:
    """Speaks HTTP/2 frame by frame."""

    def __init__(self, stream):
        self.stream = stream
        self.h2 = H2Connection(H2Configuration(client_side=True))
        self.h2.initiate_connection()

    async def post(self, number, body):
        head = [(":method", "POST"), (":path", CHATS), (":scheme", "https"), (":authority", "localhost")]
        self.h2.send_headers(number, head)
        self.h2.send_data(number, body, end_stream=True)
        await self.flush()

    async def flush(self):
        await self.stream.send_all(self.h2.data_to_send())

    async def until_data(self, number):
        with trio.fail_after(5):
            while True:
                for event in self.h2.receive_data(await self.stream.receive_some()):
                    if isinstance(event, DataReceived) and event.stream_id == number:
                        return
                await self.flush()


@asynccontextmanager
async def h2_to(running, certified):
    certified.context.set_alpn_protocols(["h2"])
    plain = await trio.open_tcp_stream("127.0.0.1", running.port)
    stream = trio.SSLStream(plain, certified.context, server_hostname="localhost")
    await stream.do_handshake()
    assert stream.selected_alpn_protocol() == "h2"
    try:
        yield H2OverTls(stream)
    finally:
        await trio.aclose_forcefully(stream)


@pytest.mark.parametrize("how", ["reset", "gone"])
async def test_a_client_that_resets_its_stream_or_leaves_ends_its_exchange_at_once(certified, how):
    steps = Steps()
    settings = ServerSettings(tls=ServerTlsSettings(**certified.settings["tls"]))
    async with house_of(steps, settings=settings) as running, h2_to(running, certified) as client:
        await client.post(1, json.dumps({**CHAT, "stream": True}).encode())
        await client.until_data(1)
        await steps.reached.wait()
        assert running.gateway.in_flight == 1
        left = trio.current_time()
        if how == "reset":
            client.h2.reset_stream(1)
            await client.flush()
        else:
            await trio.aclose_forcefully(client.stream)
        with trio.fail_after(5):
            await steps.cancelled.wait()
        assert steps.cancelled_at - left < PROMPTLY
        await running.until_idle()
        if how == "reset":  # and the connection serves on
            await steps.go.aclose()
            await client.post(3, json.dumps({**CHAT, "stream": True}).encode())
            await client.until_data(3)


async def test_a_head_that_takes_too_long_is_told_so_over_tls_too(certified):
    settings = ServerSettings(tls=ServerTlsSettings(**certified.settings["tls"]))
    limits = Limits(head_time=0.2, tick=0.05)
    async with house_of(Steps(), settings=settings, limits=limits) as running, strict(running, certified) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: ")
        answer = await read_answer(stream)
        assert (answer.status, answer.error["code"], answer.complete) == (408, "request_timeout", True)
        assert await to_the_end(stream) == b""


async def test_an_idle_connection_ends_with_tls_own_goodbye(certified):
    settings = ServerSettings(tls=ServerTlsSettings(**certified.settings["tls"]))
    limits = Limits(idle_time=0.2, tick=0.05)
    async with house_of(Steps(), settings=settings, limits=limits) as running, strict(running, certified) as stream:
        await stream.send_all(request("GET", "/health"))
        assert (await read_answer(stream)).status == 200
        assert await to_the_end(stream) == b""


@asynccontextmanager
async def strict(running, certified):
    """Connect as a client for which an end without TLS's own goodbye is a broken connection."""
    plain = await trio.open_tcp_stream("127.0.0.1", running.port)
    stream = trio.SSLStream(plain, certified.context, server_hostname="localhost", https_compatible=False)
    try:
        yield stream
    finally:
        await trio.aclose_forcefully(stream)


async def to_the_end(stream):
    received = b""
    with trio.fail_after(5):
        while part := await stream.receive_some():
            received += part
    return received


async def test_an_answer_that_only_the_connection_ends_ends_with_tls_own_goodbye(certified):
    """So a client can tell it from one that was cut off on its way."""
    body = json.dumps({**CHAT, "stream": True}).encode()
    head = f"POST {CHATS} HTTP/1.0\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    async with house(server=certified.settings) as running, strict(running, certified) as stream:
        began = trio.current_time()
        await stream.send_all(head.encode() + body)
        received = await to_the_end(stream)
        assert received.startswith(b"HTTP/1.1 200 ")
        assert received.endswith(b"data: [DONE]\n\n")
        assert trio.current_time() - began < 5


async def test_a_refusal_is_read_although_its_request_is_still_coming(certified):
    """The connection stays until the client has had its answer: an end now could overtake it."""
    async with house(server=certified.settings) as running, strict(running, certified) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n")
        for _ in range(20):
            await stream.send_all(b"x" * 10_000)
        answer = await read_answer(stream)
        assert (answer.status, answer.complete) == (400, True)


async def test_a_client_that_speaks_no_tls_is_turned_away_and_others_are_served(certified):
    async with house(server=certified.settings) as running:
        async with await running.connect() as plain:
            await plain.send_all(request("GET", "/health"))
            with trio.fail_after(5):
                assert not (await plain.receive_some()).startswith(b"HTTP")
        async with client_of(running, certified, http2=False) as client:
            assert (await client.get("/health")).status_code == 200


async def test_an_idle_connection_is_kept_as_long_as_the_configuration_says():
    """The sweep looks once a second: 75 seconds, the default, would not do."""
    settings = ServerSettings(patience=PatienceSettings(idle=0.2))
    async with house_of(Steps(), settings=settings) as running, await running.connect() as stream:
        with trio.fail_after(5):
            assert await stream.receive_some() == b""


@BOTH
async def test_bytes_that_were_cut_never_look_complete(certified, http2):
    settings = ServerSettings(tls=ServerTlsSettings(**certified.settings["tls"]))
    async with (
        house_of(CutSound(), settings=settings) as running,
        client_of(running, certified, http2=http2) as client,
        client.stream("POST", CHATS, json=CHAT) as sound,
    ):
        assert sound.headers["content-type"] == "audio/mpeg"
        with trio.fail_after(5), pytest.raises(httpx.TransportError):
            await sound.aread()


class CutSound:
    """A stage that answers with bytes, and breaks off."""

    def judge(self, exchange):
        exchange.reply = Reply(stream=self._bytes(), media_type="audio/mpeg", raw=True)
        return Verdict.REPLY

    async def _bytes(self):
        yield [Chunk(b"\x00\xff", ChunkKind.CONTENT)]
        raise StreamInterrupted("cut")
