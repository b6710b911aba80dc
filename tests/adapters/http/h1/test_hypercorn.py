"""What hypercorn speaks for us, and what of its parts we build on."""

import inspect
import re
import ssl
from contextlib import suppress
from functools import partial
from importlib.metadata import version

import h11
import httpx
import pytest
import trio
import trio.testing
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded
from hypercorn.config import Config, Sockets
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr, repr_socket_addr, wrap_app
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, RejectConnection, Request

from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.adapters.http.h1.listener import serve_edge
from sluicegate.adapters.http.server import serve_http
from sluicegate.adapters.http.sockets import listen
from tests.adapters.http.h1.edge import echo, lifespan, on_http, reply, serving

HEADERS = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "x")]
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


def parameters(what):
    return list(inspect.signature(what).parameters)


def test_what_we_use_of_hypercorn_is_as_we_use_it():
    assert version("hypercorn").startswith("0.18.")
    assert parameters(TCPServer) == ["app", "config", "context", "state", "stream"]
    assert parameters(Lifespan) == ["app", "config", "state"]
    assert parameters(WorkerContext) == ["max_requests"]
    assert parameters(wrap_app) == ["app", "wsgi_max_body_size", "mode"]
    assert parameters(parse_socket_addr) == parameters(repr_socket_addr) == ["family", "address"]
    assert set(Sockets.__annotations__) == {"secure_sockets", "insecure_sockets", "quic_sockets"}
    assert hasattr(TCPServer, "__await__")
    for name in ("handle_lifespan", "wait_for_startup", "wait_for_shutdown"):
        assert inspect.iscoroutinefunction(getattr(Lifespan, name))
    for name in ("graceful_timeout", "ssl_handshake_timeout", "wsgi_max_body_size", "backlog", "alpn_protocols"):
        assert hasattr(Config(), name)
    assert ConnectionState({"a": 1}) == {"a": 1}


def test_what_it_does_of_a_stream_is_what_ours_can():
    source = inspect.getsource(TCPServer)
    used = set(re.findall(r"self\.stream\.(\w+)", source))
    assert used == {
        "do_handshake",
        "selected_alpn_protocol",
        "transport_stream",
        "socket",
        "send_all",
        "receive_some",
        "send_eof",
        "aclose",
    }


class H2Client:
    """Speaks HTTP/2 without TLS."""

    def __init__(self, stream):
        self.stream = stream
        self.connection = H2Connection(H2Configuration(client_side=True))

    async def get(self):
        self.connection.initiate_connection()
        self.connection.send_headers(1, HEADERS, end_stream=True)
        return await self.answer()

    async def answer(self, received=b""):
        status, body = None, b""
        with trio.fail_after(5):
            while True:
                await self.stream.send_all(self.connection.data_to_send())
                for event in self.connection.receive_data(received or await self.stream.receive_some()):
                    if isinstance(event, ResponseReceived):
                        status = dict(event.headers)[b":status"]
                    elif isinstance(event, DataReceived):
                        body += event.data
                    elif isinstance(event, StreamEnded):
                        return status, body
                received = b""


async def test_http2_with_prior_knowledge():
    async with serving() as served, served.client() as client:
        assert await H2Client(client.stream).get() == (b"200", b"GET / 2")


async def test_http2_with_prior_knowledge_byte_by_byte():
    async with serving() as served, served.client() as client:
        for byte in b"PRI * HTTP/2.0\r\n\r":
            await client.send(bytes([byte]))
            await trio.lowlevel.checkpoint()
        h2 = H2Client(client.stream)
        h2.connection.initiate_connection()
        rest = h2.connection.data_to_send()[len(b"PRI * HTTP/2.0\r\n\r") :]
        await client.send(rest)
        h2.connection.send_headers(1, HEADERS, end_stream=True)
        assert await h2.answer() == (b"200", b"GET / 2")


async def test_http2_by_upgrade():
    async with serving() as served, served.client() as client:
        h2 = H2Client(client.stream)
        settings = h2.connection.initiate_upgrade_connection()
        await client.send(
            b"GET /up HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
            b"http2-settings: %b\r\n\r\n" % settings
        )
        assert (await client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await h2.answer(client.rest) == (b"200", b"GET /up 2")


async def test_an_upgrade_to_http2_with_a_body_is_answered_as_http1():
    async with serving() as served, served.client() as client:
        await client.send(
            b"POST / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
            b"http2-settings: \r\ncontent-length: 2\r\n\r\nhi"
        )
        assert (await client.answer()).body == b"POST / 1.1 hi"


async def web_socket(scope, receive, send):
    if scope["type"] != "websocket":
        await (lifespan(receive, send) if scope["type"] == "lifespan" else reply(send, b"http"))
        return
    assert (await receive())["type"] == "websocket.connect"
    if scope["path"] == "/no":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"] + "!"})


@pytest.mark.parametrize("before", [0, 2], ids=["first", "after other requests"])
async def test_a_web_socket_is_hypercorns(before):
    async with serving(web_socket) as served, served.client() as client:
        for _ in range(before):
            await client.send(GET)
            assert (await client.answer()).body == b"http"
        socket = WSConnection(ConnectionType.CLIENT)
        await client.send(socket.send(Request(host="x", target="/yes")))
        assert isinstance(await event_of(socket, client), AcceptConnection)
        await client.send(socket.send(Message("hello")))
        message = await event_of(socket, client)
        assert message.data == "hello!"
        await client.send(socket.send(CloseConnection(code=1000)))


async def test_a_web_socket_may_be_refused():
    async with serving(web_socket) as served, served.client() as client:
        socket = WSConnection(ConnectionType.CLIENT)
        await client.send(socket.send(Request(host="x", target="/no")))
        event = await event_of(socket, client)
        assert isinstance(event, RejectConnection)
        assert event.status_code == 403


async def event_of(socket, client):
    with trio.fail_after(5):
        while True:
            for event in socket.events():
                return event
            socket.receive_data(await client.stream.receive_some())


async def test_a_client_that_stops_reading_http2_is_cut_off_too():
    stuck = trio.Event()
    over = trio.Event()

    @on_http
    async def app(scope, receive, send):
        stuck.set()
        try:
            await reply(send, b"x" * 50_000_000)
        finally:
            over.set()

    async with serving(app, Limits(write_time=0.3, tick=0.05)) as served, served.client() as client:
        h2 = H2Client(client.stream)
        h2.connection.initiate_connection()
        h2.connection.increment_flow_control_window(2**31 - 1 - 65_535)
        h2.connection.send_headers(1, HEADERS, end_stream=True)
        h2.connection.increment_flow_control_window(2**31 - 1 - 65_535, stream_id=1)
        await client.send(h2.connection.data_to_send())
        with trio.fail_after(5):
            await stuck.wait()
            await over.wait()


async def test_a_shielded_write_over_http2_does_not_keep_the_server_from_ending():
    stuck = trio.Event()

    @on_http
    async def app(scope, receive, send):
        stuck.set()
        with trio.CancelScope(shield=True):
            await reply(send, b"x" * 1_000_000)

    with trio.fail_after(3):
        async with serving(app) as served, served.client() as client:
            h2 = H2Client(client.stream)
            h2.connection.initiate_connection()
            h2.connection.send_headers(1, HEADERS, end_stream=True)
            await client.send(h2.connection.data_to_send())
            await stuck.wait()
            await trio.sleep(0.1)


async def test_an_answer_over_http2_that_is_left_in_the_middle_is_cut_off_at_once(caplog):
    """The connection ends: that is all that can be said of one answer without hypercorn's help."""

    @on_http
    async def app(scope, receive, send):
        await reply(send, b"half", more=True)
        raise ValueError

    async with serving(app) as served, served.client() as client:
        h2 = H2Client(client.stream)
        h2.connection.initiate_connection()
        h2.connection.send_headers(1, HEADERS, end_stream=True)
        await client.send(h2.connection.data_to_send())
        received = []
        with trio.fail_after(5), suppress(trio.BrokenResourceError):
            while data := await client.stream.receive_some():
                received += h2.connection.receive_data(data)
        assert not any(isinstance(event, StreamEnded) for event in received)
    caplog.clear()


@pytest.fixture
def certificates(tmp_path):
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(tmp_path / "cert.pem", append=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return tmp_path, context


@pytest.mark.parametrize("http2", [False, True], ids=["http/1.1", "h2"])
async def test_tls_and_the_protocol_agreed_on_in_it(certificates, http2):
    folder, context = certificates
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.certfile, config.keyfile = str(folder / "cert.pem"), str(folder / "key.pem")
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.2
    closing = trio.Event()
    async with trio.open_nursery() as nursery:

        async def serve(task_status):
            await serve_edge(echo, config, shutdown_trigger=closing.wait, task_status=task_status)

        (url,) = await nursery.start(lambda task_status: serve(task_status))
        assert url.startswith("https://")
        async with httpx.AsyncClient(verify=context, http2=http2, http1=not http2, trust_env=False) as client:
            for number in range(3):
                answer = await client.post(f"{url}/{number}", content=b"x" * 100_000)
                assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
                told = "2" if http2 else "1.1"
                assert answer.text == f"POST /{number} {told} " + "x" * 100_000
        closing.set()


async def test_what_is_no_tls_where_tls_is_spoken_breaks_nothing(certificates):
    folder, context = certificates
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.certfile, config.keyfile = str(folder / "cert.pem"), str(folder / "key.pem")
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.2
    closing = trio.Event()
    async with trio.open_nursery() as nursery:

        async def serve(task_status):
            await serve_edge(echo, config, shutdown_trigger=closing.wait, task_status=task_status)

        (url,) = await nursery.start(lambda task_status: serve(task_status))
        async with await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2])) as stream:
            await stream.send_all(GET)
            while await stream.receive_some():
                pass
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            assert (await client.get(url)).status_code == 200
        closing.set()


async def test_requests_of_an_independent_client_are_understood():
    async with serving() as served, served.client() as client:
        peer = h11.Connection(h11.CLIENT)
        for number in range(3):
            head = h11.Request(
                method="POST", target=f"/{number}", headers=[("host", "x"), ("transfer-encoding", "chunked")]
            )
            await client.send(peer.send(head) + peer.send(h11.Data(b"one")) + peer.send(h11.Data(b"two")))
            await client.send(peer.send(h11.EndOfMessage()))
            body = b""
            while not isinstance(event := peer.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    peer.receive_data(await client.stream.receive_some())
                elif isinstance(event, h11.Data):
                    body += event.data
            assert body == b"POST /%d 1.1 onetwo" % number
            peer.start_next_cycle()


@pytest.mark.parametrize("size", [10, 9_000, 16_384, 20_000, 33_000, 60_000])
async def test_server_that_ends_sends_answers_over_http2_with_their_ends_before_it_says_goodbye(size):
    asked, may_end, ending = trio.Event(), trio.Event(), trio.Event()

    @on_http
    async def app(scope, receive, send):
        asked.set()
        await may_end.wait()
        await reply(send, b"x" * size)

    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    async with trio.open_nursery() as nursery:
        start = partial(serve_http, app, sock, trio.sleep_forever, yielding=ending.wait)
        await nursery.start(start)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            h2 = H2Client(stream)
            h2.connection.initiate_connection()
            h2.connection.send_headers(1, HEADERS, end_stream=True)
            h2.connection.increment_flow_control_window(100_000)
            await stream.send_all(h2.connection.data_to_send())
            await asked.wait()
            ending.set()
            await trio.testing.wait_all_tasks_blocked(0.05)
            may_end.set()
            events = []
            with trio.fail_after(5):
                while data := await stream.receive_some():
                    events += h2.connection.receive_data(data)
                    await stream.send_all(h2.connection.data_to_send())
        nursery.cancel_scope.cancel()
    assert sum(len(event.data) for event in events if isinstance(event, DataReceived)) == size
    assert [event.stream_id for event in events if isinstance(event, StreamEnded)] == [1]
    assert isinstance(events[-1], ConnectionTerminated)


async def test_client_that_leaves_with_the_last_byte_of_an_answer_over_http2_has_had_it():
    outcomes = []

    @on_http
    async def app(scope, receive, send):
        try:
            await reply(send, b"x" * 12_000)
        except BaseException as error:
            outcomes.append(type(error))
            raise
        outcomes.append("sent")

    async with serving(app) as served:
        for _ in range(30):
            async with served.client() as client:
                h2 = H2Client(client.stream)
                h2.connection.initiate_connection()
                h2.connection.send_headers(1, HEADERS, end_stream=True)
                await client.send(h2.connection.data_to_send())
                size = 0
                while size < 12_000:
                    for event in h2.connection.receive_data(await client.stream.receive_some()):
                        size += len(event.data) if isinstance(event, DataReceived) else 0
        with trio.fail_after(5):
            while len(outcomes) < 30:  # noqa: ASYNC110  # nothing tells when a server has noticed
                await trio.sleep(0.01)
    assert outcomes == ["sent"] * 30
