"""One HTTP request at the door, and the answers that the edge gives to it by itself."""

from __future__ import annotations

from contextlib import suppress

import trio

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.resources import AccessLog
from sluicegate.pipeline.schemas.fields import MAX_NAME

from . import routes
from .asgi import PRESENCE, Message, Presence, Receive, Scope, Send, find_header
from .dialects import dialect_at
from .headers import Encoded, identity, label_of, of_error
from .inflow import Inflow

JSON: Encoded = [(b"content-type", b"application/json")]


class Visit:
    """A request, with what the edge knows of it before any room does.

    Attributes:
        scope: ASGI's.
        receive: The server's.
        presence: What our own server tells beyond ASGI; None under another.
        inflow: The request's body, on top of ``receive``.
        target: As the client wrote it, without query.
        path: The path in it, percent-encoded.
        dialect: How errors and streams leave.
        started: When the head had come, on trio's clock.
        label: The caller's ``x-request-id``, or a new one.
        begun: Whether the head of an answer has left.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, access_log: AccessLog) -> None:
        raw: Encoded = scope["headers"]
        given = find_header(raw, b"x-request-id") or b""
        self.scope = scope
        self.receive = receive
        self.presence: Presence | None = scope.get(PRESENCE)
        self.inflow = Inflow(receive, raw)
        self.target: bytes = scope.get("raw_path") or scope["path"].encode()
        self.path = routes.path_of(self.target)
        self.dialect = dialect_at(self.path, raw, scope["query_string"])
        self.started = trio.current_time()
        self.label = label_of(given.decode("latin-1"))
        self.begun = False
        self._send = send
        self._access_log = access_log

    @property
    def headers(self) -> Encoded:
        """The request's headers as they came, credentials included."""
        raw: Encoded = self.scope["headers"]
        return raw

    @property
    def head_size(self) -> int:
        """Bytes of the request's line and headers."""
        line = len(self.scope["method"]) + len(self.path) + len(self.scope["query_string"])
        return line + sum(len(name) + len(value) + 4 for name, value in self.headers)

    async def send(self, message: Message) -> None:
        """Pass a message of the answer to the server. A checkpoint.

        Raises:
            OSError: The client is not there to read it.
        """
        self.begun = True
        await self._send(message)

    async def put(self, message: Message) -> None:
        """The same, for who does not care whether the client is still there to read it. A checkpoint."""
        with suppress(OSError):
            await self.send(message)

    async def answer(self, status: int, head: Encoded, body: bytes) -> None:
        """Send an answer, and let the client finish its request so that it comes to read it. A checkpoint.

        So the answer goes out first, for the client to stop early, and its end only after the body.
        """
        sized = head if status == 204 else [*head, (b"content-length", str(len(body)).encode("ascii"))]
        start = {"type": "http.response.start", "status": status, "headers": [*sized, *identity(self.label)]}
        await self.put(start)
        if self.inflow.expected and not self.inflow.complete:
            await self.put({"type": "http.response.body", "body": body, "more_body": True})
            await self.inflow.discard()
            body = b""
        end = {"type": "http.response.body", "body": body, "more_body": False}
        if self.presence is not None:  # our own server reads on by itself
            await self.put(end)
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.inflow.until_gone)
            await self.put(end)
            nursery.cancel_scope.cancel()

    async def refuse(self, error: GatewayError, *extra: tuple[bytes, bytes]) -> None:
        """Send an error that no exchange was made for, and log it. A checkpoint."""
        self.log(error)
        head = [*JSON, *of_error(error, attempted=False), *extra]
        await self.answer(error.status, head, self.dialect.error(error, self.label))

    def log(self, error: GatewayError) -> None:
        """Write the access log's record of a request that did not come as far as the pipeline, which writes its own."""
        self._access_log(
            {
                "label": self.label,
                "method": self.scope["method"],
                "path": self.path[:MAX_NAME],
                "outcome": "failed",
                "status": error.status,
                "code": error.code,
            }
        )
