"""New connections: TCP by Happy Eyeballs, a tunnel where there is a proxy, TLS."""

from __future__ import annotations

import socket
import sys

import httpx
import trio

from .channel import Channel, SocketChannel
from .proxy import open_tunnel
from .routes import ProxyServer, Route
from .tls import Contexts, TlsChannel, TlsSettings


class Dialer:
    """Opens connections."""

    def __init__(self) -> None:
        self._contexts = Contexts()

    async def dial(self, route: Route, seconds: float) -> Channel:
        """Return a channel that is ready for a request. A checkpoint.

        Args:
            seconds: How long all of it may take: names, TCP, tunnel, TLS.

        Raises:
            httpx.ConnectTimeout: It took longer.
            httpx.ConnectError: There is no connection to be had.
            httpx.ProxyError: The proxy makes none.
        """
        with trio.move_on_after(seconds):
            server = route if route.proxy is None else route.proxy
            channel = await _connect(server)
            try:
                return await self._prepared(channel, route, server)
            except BaseException:
                channel.close()
                raise
        raise httpx.ConnectTimeout(f"no connection within {seconds:g} s")

    async def _prepared(self, channel: Channel, route: Route, server: Route | ProxyServer) -> Channel:
        if server.tls is not None:
            channel = await self._secured(channel, server.tls, server.host)
        if isinstance(server, ProxyServer):
            await open_tunnel(channel, route, server.authorization)
            if route.tls is not None:
                channel = await self._secured(channel, route.tls, route.host)
        return channel

    async def _secured(self, channel: Channel, settings: TlsSettings, host: str) -> Channel:
        secured = TlsChannel(channel, await self._contexts.get(settings), host)
        await secured.handshake()
        return secured


async def _connect(server: Route | ProxyServer) -> Channel:
    try:
        stream = await trio.open_tcp_stream(server.host, server.port)
    except (OSError, ValueError) as error:  # a name that no server of names can be asked for is a ValueError
        where = "the proxy: " if isinstance(server, ProxyServer) else ""
        raise httpx.ConnectError(where + _reason(error)) from error
    # trio's own socket would make a checkpoint of every call.
    plain = socket.socket(fileno=stream.socket.detach())
    plain.setblocking(False)
    if sys.platform == "linux":  # trio lets the kernel hold back 16 KiB alone; a long prompt should go in one write
        plain.setsockopt(socket.IPPROTO_TCP, trio.socket.TCP_NOTSENT_LOWAT, 0)
    return SocketChannel(plain)


def _reason(error: BaseException) -> str:
    """Return why, in the system's words. Where several addresses were tried, the first stands for all."""
    cause = error.__cause__ or error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return getattr(cause, "strerror", None) or str(cause)
