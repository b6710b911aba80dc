"""The answer to those who want to speak WebSocket: the handshake is refused as a request would be."""

from __future__ import annotations

from sluicegate.pipeline.errors import GatewayError, NotFound
from sluicegate.pipeline.schemas.fields import MAX_NAME

from . import routes
from .asgi import Scope, Send, find_header
from .dialects import dialect_at
from .headers import identity, label_of

_ANSWER = "websocket.http.response"
"""The extension by which a handshake gets an answer: https://asgi.readthedocs.io/en/latest/extensions.html."""


NEVER = ((b"x-should-retry", b"false"),)
"""Clients ask again after a status from 500 on, unless they are told not to."""


async def refuse_websocket(scope: Scope, send: Send, error: GatewayError) -> None:
    """Refuse a handshake: with ``error`` where there is such a path, else since there is none. A checkpoint."""
    path = routes.path_of(scope.get("raw_path") or scope["path"].encode())
    route, _ = routes.find(path)
    if route is None or route.room is not routes.Room.REALTIME:
        error = NotFound(f"there is no WebSocket at {path[:MAX_NAME]}")
    if _ANSWER not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    label = label_of((find_header(scope["headers"], b"x-request-id") or b"").decode("latin-1"))
    body = dialect_at(path, scope["headers"]).error(error, label)
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *NEVER, *identity(label)]
    await send({"type": f"{_ANSWER}.start", "status": error.status, "headers": head})
    await send({"type": f"{_ANSWER}.body", "body": body, "more_body": False})
