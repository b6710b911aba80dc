"""Streams for hypercorn's own protocol classes, of connections from which bytes have already been read.

Reads and writes go through the connection's wire, so that the sweep ends those of a client that has stopped reading
here, too: hypercorn shields its writes, and would wait for ever.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf

import trio

from ..asgi import App, Message, Receive, Scope, Send
from .errors import ClientLeft
from .goodbye import Goodbye
from .wire import PlainWire, TlsWire


class Guard:
    """Ends applications' writes to a client that is gone or takes nothing, and answers that were left in the middle.

    hypercorn lets a write over HTTP/2 wait for the client's leave to send, without a limit, and does not wake it when
    the connection ends. An application that shields its writes would then stay for ever.

    Args:
        wire: The connection.
        goodbye: Put off for as long as an application runs.
        write_time: Seconds without a byte written on it that a write may take.
    """

    def __init__(self, wire: PlainWire | TlsWire, goodbye: Goodbye, *, write_time: float) -> None:
        self._wire = wire
        self._goodbye = goodbye
        self._write_time = write_time
        self._writes: set[trio.CancelScope] = set()
        self._ended = False
        self._written = False

    def progress(self) -> None:
        """Give the writes under way their time anew, since something has left."""
        self._goodbye.moved()
        for scope in self._writes:
            scope.deadline = trio.current_time() + self._write_time

    def end(self) -> None:
        """End the writes under way, and those to come."""
        if not self._ended:
            self._written = self._goodbye.all_written()
        self._ended = True
        for scope in self._writes:
            scope.cancel()

    def wrap(self, app: App) -> App:
        """Return the application with its writes guarded."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            half_sent = False

            async def guarded_receive() -> Message:
                nonlocal half_sent
                message = await receive()
                if message["type"] == "http.disconnect":
                    half_sent = False
                return message

            async def guarded_send(message: Message) -> None:
                nonlocal half_sent
                half_sent = message["type"] == "http.response.start" or message.get("more_body", False)
                await self._write(send, message)

            try:
                with suppress(ClientLeft), self._goodbye.put_off():
                    await app(scope, guarded_receive, guarded_send)
            finally:
                if half_sent:
                    # hypercorn would say nothing at all, and the client would wait for the rest.
                    self._wire.abort()

        return guarded

    async def _write(self, send: Send, message: Message) -> None:
        # Shielded, or a cancelled application would leave half of an answer that the server believes sent.
        due = -inf if self._ended else trio.current_time() + self._write_time
        with trio.CancelScope(deadline=due, shield=True) as scope:
            self._writes.add(scope)
            try:
                await send(message)
            finally:
                self._writes.discard(scope)
        if scope.cancelled_caught:
            # A client may leave with the last byte, before the application has had its turn: then it has its answer.
            if self._written and message["type"] == "http.response.body" and not message.get("more_body", False):
                return
            self._wire.abort()
            raise ClientLeft("the client left, or takes nothing")


class PlainReplay:
    """A stream that gives the bytes that have been read once more, then those that follow.

    Args:
        wire: The connection.
        guard: Who is told of progress, and of the end.
        held: What has been read.
    """

    def __init__(self, wire: PlainWire | TlsWire, guard: Guard, held: bytes) -> None:
        self._wire = wire
        self._guard = guard
        self._held = held
        self.socket = wire.socket

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return the next bytes. A checkpoint where none are held.

        Raises:
            BrokenResourceError: The connection broke.
        """
        if self._held:
            held, self._held = self._held, b""
            return held
        try:
            data = await self._wire.receive()
            if not data:
                self._guard.end()
            return data
        except ClientLeft as error:
            self._guard.end()
            raise trio.BrokenResourceError("the client left") from error

    async def send_all(self, data: bytes) -> None:
        """Write all of ``data``. A checkpoint.

        Raises:
            BrokenResourceError: The connection broke, or the client took nothing for too long.
        """
        await trio.lowlevel.checkpoint()  # hypercorn takes turns here, which the wire does not where it need not wait
        try:
            await self._wire.send(data)
            self._guard.progress()
        except ClientLeft as error:
            raise trio.BrokenResourceError("the client left") from error

    async def send_eof(self) -> None:
        """Tell the client that nothing more comes."""
        self._wire.finish(awaited=False)

    async def aclose(self) -> None:
        """Close the connection. A checkpoint."""
        self._wire.abort()
        await trio.lowlevel.checkpoint()


class TlsReplay(PlainReplay):
    """The same over TLS, with the names by which hypercorn knows a TLS stream."""

    def __init__(self, wire: TlsWire, guard: Guard, held: bytes) -> None:
        super().__init__(wire, guard, held)
        self._tls = wire.tls
        self.transport_stream = wire.tls.transport_stream

    async def do_handshake(self) -> None:
        """Do nothing: it has been done."""

    def selected_alpn_protocol(self) -> str | None:
        """Return what client and server agreed on."""
        agreed: str | None = self._tls.selected_alpn_protocol()
        return agreed

    async def aclose(self) -> None:
        """Close the connection, and say so in TLS. A checkpoint."""
        await self._tls.aclose()
