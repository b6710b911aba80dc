"""The server: hypercorn's parts and our own HTTP/1.1, speaking to the front door.

Draining is ours: the server's own shutdown begins when nothing is under way any more. What then still holds it up, such
as a client that has stopped reading, is cut off.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable

import trio
from hypercorn.config import Config

from sluicegate.pipeline.config.sections import ServerSettings

from .asgi import App
from .h1.limits import Limits
from .h1.listener import serve_edge
from .sockets import BACKLOG

LINGER = 0.2
"""Seconds that connections have to end after a drain."""


async def serve_http(
    app: App,
    sock: socket.socket,
    shutdown: Callable[[], Awaitable[None]],
    settings: ServerSettings | None = None,
    *,
    limits: Limits | None = None,
    yielding: Callable[[], Awaitable[None]] | None = None,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve HTTP, or HTTPS, on a socket, which it closes, until ``shutdown`` returns. A checkpoint.

    Args:
        settings: For TLS, patience and half-closed connections; by default all is as without a configuration.
        limits: What a connection may ask for, in place of what the settings say.
        yielding: Once this returns nothing more is accepted, and the last connection to end ends the server.
    """
    settings = settings or ServerSettings()
    limits = limits or limits_of(settings)
    config = Config()
    config.bind = [f"fd://{sock.detach()}"]
    config.backlog = BACKLOG
    if settings.tls.certificate:
        config.certfile, config.keyfile = settings.tls.certificate, settings.tls.key
    # For the connections that hypercorn speaks on: HTTP/2 and WebSocket.
    config.keep_alive_timeout = limits.idle_time
    config.keep_alive_max_requests = 1_000_000
    config.h11_max_incomplete_size = limits.head
    config.h2_max_header_list_size = limits.head
    config.graceful_timeout = LINGER
    config.include_server_header = False
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    await serve_edge(
        app,
        config,
        shutdown_trigger=shutdown,
        yield_trigger=yielding,
        limits=limits,
        half_close=settings.half_close,
        task_status=task_status,
    )


def limits_of(settings: ServerSettings) -> Limits:
    """Return the limits of connections; the settings have those that depend on who the clients are."""
    patience = settings.patience
    return Limits(idle_time=patience.idle, body_time=patience.body, write_time=patience.write)
