"""A server made of hypercorn's parts and our own HTTP/1.1.

hypercorn owns the configuration, the sockets, TLS, ALPN and the lifespan, and speaks HTTP/2 and WebSocket. Its own
``worker_serve`` names the class that every connection gets, so this is one of ours, beside it. What it uses of
hypercorn is pinned by tests/adapters/http/h1/test_hypercorn.py.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, LifespanState
from hypercorn.utils import parse_socket_addr, repr_socket_addr, wrap_app

from ..asgi import App
from .connection import Connection
from .edge import Edge
from .goodbye import Goodbye
from .handover import Guard, PlainReplay, TlsReplay
from .limits import Limits
from .scope import Peers
from .sweep import sweep
from .wire import PlainWire, TlsWire

log = logging.getLogger("sluicegate.http")

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
GOODBYE = 1.0
"""Seconds for the end of TLS, without which a client cannot tell a whole answer from one that was cut off."""
CLEANUP = 1.0
"""Seconds in which a server's tasks must have ended after it has aborted every connection."""


async def serve_edge(
    app: App,
    config: Config,
    *,
    shutdown_trigger: Callable[[], Awaitable[None]],
    yield_trigger: Callable[[], Awaitable[None]] | None = None,
    limits: Limits | None = None,
    half_close: bool = False,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``shutdown_trigger`` returns and ``config.graceful_timeout`` is over. A checkpoint.

    Args:
        app: Speaks ASGI.
        config: What hypercorn's own ``serve`` takes; times and sizes of HTTP/1.x are in ``limits`` instead.
        yield_trigger: Once this returns nothing more is accepted, and the last connection to end ends the server.
        half_close: Whether a client that has closed its own side is served on; otherwise it counts as gone.
    """
    state: LifespanState = {}
    lifespan = Lifespan(_wrap(app, config), config, state)
    async with trio.open_nursery() as outer:
        await outer.start(lifespan.handle_lifespan)
        await lifespan.wait_for_startup()
        async with trio.open_nursery() as nursery:
            edge = Edge(app, limits or Limits(), nursery.start_soon, half_close=half_close)
            listener = _Listener(edge, config, state, nursery)
            try:
                await listener.accept_until(shutdown_trigger, yield_trigger or trio.sleep_forever, task_status)
            finally:
                listener.retire()
                nursery.cancel_scope.deadline = trio.current_time() + config.graceful_timeout + CLEANUP
        await lifespan.wait_for_shutdown()
        outer.cancel_scope.cancel()


class _Listener:
    """Accepts connections, and gives each to whoever speaks its protocol."""

    def __init__(self, edge: Edge, config: Config, state: LifespanState, nursery: trio.Nursery) -> None:
        self._config = config
        self._state = state
        self._nursery = nursery
        self._context = WorkerContext(None)
        self._edge = edge
        self._empty = trio.Event()
        self._accepted = trio.Event()

    async def accept_until(
        self,
        shutdown_trigger: Callable[[], Awaitable[None]],
        yield_trigger: Callable[[], Awaitable[None]],
        task_status: trio.TaskStatus[list[str]],
    ) -> None:
        """Accept connections until a trigger returns; after the second one, wait for the end of those there are."""
        listeners, binds = self._listeners()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sweep, self._edge.connections, self._edge.limits.tick)
            accepting = await nursery.start(self._accept, listeners)
            nursery.start_soon(self._yield, yield_trigger, accepting, nursery.cancel_scope)
            task_status.started(binds)
            await shutdown_trigger()
            nursery.cancel_scope.cancel()
        await self._context.terminated.set()

    async def _accept(
        self, listeners: list[Any], *, task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED
    ) -> None:
        with trio.CancelScope() as scope:
            task_status.started(scope)
            await trio.serve_listeners(self._meet, listeners, handler_nursery=self._nursery)
        self._accepted.set()

    async def _yield(
        self, trigger: Callable[[], Awaitable[None]], accepting: trio.CancelScope, over: trio.CancelScope
    ) -> None:
        """Once triggered, accept nothing more, and cancel ``over`` when the last connection has ended."""
        await trigger()
        accepting.cancel()
        await self._accepted.wait()
        # Whoever was accepted last is among the connections once its task has had its first turn.
        await trio.lowlevel.checkpoint()
        self._edge.winding_up = True
        for connection in self._edge.connections:
            connection.wind_up()
        await self._context.terminated.set()
        while self._edge.connections:
            await self._empty.wait()
        over.cancel()

    def _listeners(self) -> tuple[list[Any], list[str]]:
        sockets = self._config.create_sockets()
        listeners: list[Any] = []
        binds: list[str] = []
        for sock in [*sockets.secure_sockets, *sockets.insecure_sockets]:
            sock.listen(self._config.backlog)
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
            secure = sock in sockets.secure_sockets
            context = self._config.create_ssl_context() if secure else None
            listeners.append(trio.SSLListener(listener, context) if context else listener)
            address = repr_socket_addr(sock.family, sock.getsockname())
            binds.append(f"{'https' if secure else 'http'}://{address}")
        return listeners, binds

    def retire(self) -> None:
        """End idle connections now, and the others with the answer under way, within the time that they have."""
        self._edge.closing = True
        for connection in list(self._edge.connections):
            connection.retire()
        self._nursery.start_soon(self._abort_all)

    async def _abort_all(self) -> None:
        """End what is left after the time for it: on a closed socket shielded writes fail, too."""
        if self._edge.connections:
            with trio.move_on_after(self._config.graceful_timeout):
                await self._empty.wait()
        for connection in self._edge.connections:
            connection.wire.abort()

    async def _meet(self, stream: Stream) -> None:
        """Serve a connection. Whatever happens to it stays with it."""
        try:
            if isinstance(stream, trio.SSLStream):
                with trio.fail_after(self._config.ssl_handshake_timeout):
                    await stream.do_handshake()
            await self._serve(stream)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass
        except Exception:
            log.exception("a connection failed")

    async def _serve(self, stream: Stream) -> None:
        kept: dict[str, Any] = {"write_time": self._edge.limits.write_time, "half_close": self._edge.half_close}
        if isinstance(stream, trio.SSLStream):
            peers = self._peers(stream.transport_stream.socket, "https")
            wire: TlsWire | PlainWire = TlsWire(stream, **kept)
        else:
            peers = self._peers(stream.socket, "http")
            wire = PlainWire(_taken(stream.socket), **kept)
        connection = Connection(wire, self._edge, peers)
        self._edge.connections.add(connection)
        try:
            if isinstance(stream, trio.SSLStream) and stream.selected_alpn_protocol() == "h2":
                held: bytes | None = b""
            else:
                held = await connection.run()
            if held is not None:
                connection.step_aside()
                await self._hand_over(wire, held)
            if isinstance(wire, TlsWire) and not wire.broken:
                with trio.move_on_after(GOODBYE):
                    await wire.tls.aclose()
        finally:
            wire.abort()
            self._edge.connections.discard(connection)
            if not self._edge.connections:
                self._empty.set()
                self._empty = trio.Event()

    def _peers(self, sock: trio.socket.SocketType, scheme: str) -> Peers:
        client = parse_socket_addr(sock.family, sock.getpeername())
        server = parse_socket_addr(sock.family, sock.getsockname())
        return Peers(client, server, scheme, self._state)

    async def _hand_over(self, wire: TlsWire | PlainWire, held: bytes) -> None:
        """Give a connection to hypercorn, which reads it from its first byte on."""
        goodbye = Goodbye(self._context.terminated)
        guard = Guard(wire, goodbye, write_time=self._edge.limits.write_time)
        replay: Any = TlsReplay(wire, guard, held) if isinstance(wire, TlsWire) else PlainReplay(wire, guard, held)
        app = _wrap(guard.wrap(self._edge.app), self._config)
        context = WorkerContext(None)
        context.terminated = goodbye
        goodbye.server = TCPServer(app, self._config, context, ConnectionState(self._state.copy()), replay)
        await goodbye.server


def _taken(sock: trio.socket.SocketType) -> socket.socket:
    """Return the socket below trio's, which is left empty."""
    return socket.socket(sock.family, sock.type, sock.proto, fileno=sock.detach())


def _wrap(app: App, config: Config) -> AppWrapper:
    """Return the application as hypercorn's parts take it."""
    return wrap_app(app, config.wsgi_max_body_size, "asgi")  # type: ignore[arg-type]  # its types name each ASGI message
