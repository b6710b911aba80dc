"""One request and its answer, as ASGI's ``receive`` and ``send``, and as `Presence`.

Each has an object of its own, so whatever an application does late, with the ``send`` of an answer that is complete,
stays with that answer and never reaches the next one on the connection.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from sluicegate.pipeline.errors import GatewayError

from ..asgi import PRESENCE, App, Message, Scope
from ..dialects import dialect_at
from ..headers import identity, label_of
from ..routes import path_of
from .errors import ClientLeft
from .framing import CONTINUE, Framing
from .head import Head, Headers

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger("sluicegate.http")


class Cycle:
    """One request under way.

    Args:
        head: The request's.
        scope: ASGI's.
        connection: Where it came from.

    Attributes:
        foreign: Whether it asks for another protocol.
        refusal: What was wrong with the request, or with its client's patience. It is the answer, if none has begun.
        gone: Whether the client counts as having left.
        begun: Whether the answer's head has been written, or is about to be.
        finished: Whether all of the answer has been written.
        complete: Whether all of the body has come.
        waiting: Bytes of the body that the application has not asked for yet.
    """

    __slots__ = (
        "_connection",
        "_expects",
        "_news",
        "_parts",
        "_start",
        "_tell_gone",
        "_told_end",
        "begun",
        "complete",
        "finished",
        "foreign",
        "framing",
        "gone",
        "refusal",
        "scope",
        "waiting",
    )

    def __init__(self, head: Head, scope: Scope, connection: Connection) -> None:
        self._connection = connection
        self._expects = head.expects
        self._parts: list[bytes] = []
        self._start: Message | None = None
        self._news: trio.Event | None = None
        self.framing = Framing(head, keep_alive=head.keep_alive)
        self.scope = scope
        scope[PRESENCE] = self
        self._tell_gone: Callable[[], None] | None = None
        self.refusal: GatewayError | None = None
        self.foreign = self.gone = self.begun = self.finished = False
        self.complete = head.length == 0
        self._told_end = False
        self.waiting = 0

    def take(self, data: bytes, *, complete: bool) -> None:
        """Take more of the body from the reader. Bytes of an answered request are dropped."""
        self.complete = complete
        if data and not self.finished:
            self._parts.append(data)
            self.waiting += len(data)
        self._tell()

    def leave(self, refusal: GatewayError | None = None) -> None:
        """Count the client as gone; ``refusal`` says why if that is the server's decision."""
        self.gone = True
        if self.refusal is None:
            self.refusal = refusal
        self._tell()
        if self._tell_gone is not None:
            self._tell_gone()

    def when_gone(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` once the client counts as gone; at once if it does already."""
        self._tell_gone = tell
        if self.gone:
            tell()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

    async def receive(self) -> Message:
        """Return what has come of the body, or that the client has left or the answer is complete.

        A checkpoint where nothing has come yet.
        """
        while True:
            if self.gone or self.finished:
                return {"type": "http.disconnect"}
            if self._parts or (self.complete and not self._told_end):
                return self._request()
            if self._expects and not self.complete:
                if self.begun:
                    # The client has its answer instead of the permission that it waits for: no body comes.
                    return {"type": "http.disconnect"}
                self._expects = False
                await self._connection.wire.send(CONTINUE)
                continue
            if self._news is None:
                self._news = trio.Event()
            await self._news.wait()

    def _request(self) -> Message:
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self.waiting = 0
        self._told_end = self.complete
        self._connection.make_room()
        return {"type": "http.request", "body": body, "more_body": not self.complete}

    async def send(self, message: Message) -> None:
        """Write a part of the answer; a head leaves with the first bytes of its body. A checkpoint where it writes.

        Raises:
            ClientLeft: Nobody is there to read it.
            RuntimeError: The answer is complete, or the message does not fit where it stands.
        """
        kind = message["type"]
        if self.finished:
            raise RuntimeError(f"{kind} after the end of its answer")
        if kind == "http.response.start":
            if self._start is not None:
                raise RuntimeError("a second http.response.start")
            self._start = message
            return
        if kind != "http.response.body" or self._start is None:
            raise RuntimeError(f"{kind} does not fit here")
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        if self.begun:
            data = self.framing.go_on(body, more=more)
        else:
            self._decide()
            data = self.framing.begin(self._start["status"], list(self._start.get("headers", ())), body, more=more)
            self.begun = True
        if data:
            try:
                await self._connection.wire.send(data)
            except ClientLeft:
                self.leave()
                raise
        elif self._connection.wire.broken:
            raise ClientLeft("the client left")
        if not more:
            self.finished = True
            self._tell()

    def _decide(self) -> None:
        """Decide, as the head leaves, whether the connection may serve on."""
        declined = self._expects and not self.complete
        if declined or self.gone or self._connection.closing:
            self.framing.keep_alive = False

    async def run(self, app: App) -> None:
        """Run the application. Its failure is the end of this request alone. A checkpoint."""
        try:
            await app(self.scope, self.receive, self.send)
        except ClientLeft:
            pass
        except Exception as error:
            if not isinstance(error, ExceptionGroup) or error.split(ClientLeft)[1] is not None:
                log.exception("%s %s failed", self.scope["method"], self.scope["path"])

    async def conclude(self) -> None:
        """Answer where the application has not, and never let half of an answer look like all of it. A checkpoint."""
        # What knows this cycle lets go of it, or both would stay until Python next looks for garbage.
        self.scope.pop(PRESENCE, None)
        self._tell_gone = None
        if self.finished:
            return
        if self.begun:
            self._connection.wire.reset()
        elif self.refusal is not None:
            await self._refuse(self.refusal)
        elif not self.gone:
            await self._refuse(GatewayError("the gateway failed on this request"))

    async def _refuse(self, error: GatewayError) -> None:
        """Answer with an error, after which the connection ends."""
        label = label_of("")
        # Of a head that could not be read there is nothing to tell whose it was.
        dialect = dialect_at(path_of(self.scope.get("raw_path", b"")), self.scope.get("headers", ()))
        body = dialect.error(error, label)
        headers: Headers = [(b"content-type", b"application/json"), *identity(label)]
        self.begun = self.finished = True
        self.framing.keep_alive = False
        with suppress(ClientLeft):
            await self._connection.wire.send(self.framing.begin(error.status, headers, body, more=False))
