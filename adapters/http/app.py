"""The front door: an ASGI application that answers hot paths itself and hands the rest to the admin room."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sluicegate.pipeline.errors import ClientGone, Fault, GatewayError, MethodNotAllowed, NotFound, Unauthorized
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.schemas.fields import MAX_NAME

from . import health, routes
from .admin.door import AdminDoor
from .asgi import Receive, Scope, Send
from .coding import TAKEN
from .cors import Cors
from .exchanges import read_request, serve_exchange
from .guard import Guard
from .headers import MAX_HEAD
from .routes import Room, Route, names_no_model
from .sizes import size_text
from .throttle import MANY, Throttle, address_of
from .token_room import TokenRoom
from .uploads import Uploads
from .visit import JSON, Visit
from .websocket import NEVER, refuse_websocket

log = logging.getLogger("sluicegate.http")


class EdgeFailed(GatewayError):
    """The edge itself has a bug. What it was stands in the log, never in the answer."""


class HeadTooLarge(GatewayError):
    """The request line and headers are over their limit. https://www.rfc-editor.org/rfc/rfc6585#section-5"""

    status = 431
    code = "head_too_large"
    type = "invalid_request_error"
    fault = Fault.CLIENT


class NotImplementedHere(GatewayError):
    """What the API has and the gateway does not."""

    status = 501
    code = "not_implemented"
    type = "invalid_request_error"
    fault = Fault.CLIENT


REALTIME = NotImplementedHere(
    "the realtime API is not served by this gateway: sessions over WebSocket or WebRTC cannot be routed, limited and "
    "metered as requests are; ask the provider itself",
    code="realtime_not_supported",
)


class FrontDoor:
    """The ASGI application of one gateway.

    Args:
        gateway: Who takes exchanges.
        admin: Who answers to the admin key.
        version: Told by the health paths.
        keyless: Says whether requests need no key now; then only this machine's own names are answered to.
    """

    def __init__(self, gateway: Gateway, admin: AdminDoor, *, version: str, keyless: Callable[[], bool]) -> None:
        settings = gateway.settings
        self._gateway = gateway
        self._admin = admin
        self._version = version
        self._cors = Cors(settings.cors)
        self._guard = Guard(self._cors, host=settings.host, keyless=keyless)
        self._uploads = Uploads(settings.max_in_flight, settings.max_incoming)
        self._tokens = TokenRoom(gateway, self._guard, self._uploads)
        self._throttle = Throttle(MANY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. A checkpoint."""
        if scope["type"] == "http":
            admitted = self._cors.wrap(scope["headers"], send)
            visit = Visit(scope, receive, admitted, self._gateway.resources.access_log)
            try:
                await self._lead(visit)
            except ClientGone as gone:
                visit.log(gone)
            except Exception:
                log.exception("request %s to %s failed at the edge", visit.label, visit.path)
                if not visit.begun:
                    await visit.refuse(EdgeFailed("the gateway failed on this request"))
        elif scope["type"] == "websocket":
            await receive()
            await refuse_websocket(scope, send, REALTIME)
        else:
            await agree_to_lifespan(receive, send)

    async def _lead(self, visit: Visit) -> None:
        """Bring a visit to its room."""
        route, subject = routes.find(visit.path)
        method: str = visit.scope["method"]
        if visit.presence is None and visit.head_size > MAX_HEAD:  # our own server has the same limit
            await visit.refuse(HeadTooLarge(f"head is {size_text(visit.head_size)}, limit {size_text(MAX_HEAD)}"))
        elif route is None:
            await visit.refuse(NotFound(f"there is no path {visit.path[:MAX_NAME]}"))
        elif method == "OPTIONS":
            permission = (
                [] if route.room in (Room.ADMIN, Room.METRICS) else self._cors.preflight(visit.headers, route.allow)
            )
            await visit.answer(204, [(b"allow", route.allow.encode("ascii")), *permission], b"")
        elif method not in route.methods:
            await _refuse_method(visit, route, subject)
        elif route.room is Room.PIPELINE:
            await self._pipeline(visit, route, subject)
        elif route.room is Room.TOKENS:
            await self._tokens.enter(visit, route.operation)
        elif route.room is Room.REALTIME:
            await visit.refuse(REALTIME, *NEVER)
        elif route.room is Room.HEALTH:
            status, body = health.check(visit.path, self._gateway, self._version)
            await visit.answer(status, JSON, body)
        else:
            await self._admin.enter(visit, route.room)

    async def _pipeline(self, visit: Visit, route: Route, subject: str) -> None:
        try:
            if (refusal := self._guard.refusal(visit.headers)) is not None:
                raise refusal
            request = await read_request(visit, route, self._gateway, self._uploads, subject=subject)
            request.unknown_wait = self._throttle.wait_of(visit.scope)
        except ClientGone:
            raise
        except GatewayError as error:
            taken = [(b"accept-encoding", TAKEN.encode("ascii"))] if error.status == 415 else []
            await visit.refuse(error, *taken)
        else:
            failure = await serve_exchange(self._gateway, request, visit, route)
            if isinstance(failure, Unauthorized) and request.credential:
                self._throttle.failed(address_of(visit.scope))


async def _refuse_method(visit: Visit, route: Route, subject: str) -> None:
    """Tell which methods a path takes, or that there is none such for who may have asked for another. A checkpoint."""
    method, path = visit.scope["method"][:20], visit.path[:MAX_NAME]
    if method == "POST" and names_no_model(route, subject):
        await visit.refuse(NotFound(f"there is no path {path} to POST to"))
        return
    error = MethodNotAllowed(f"{path} takes {', '.join(route.methods)}, not {method}")
    await visit.refuse(error, (b"allow", route.allow.encode("ascii")))


async def agree_to_lifespan(receive: Receive, send: Send) -> None:
    """Agree to what the server says; the gateway's own life is longer than the server's."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
