"""The way out for one exchange: its head, body, chunks and end as ASGI messages."""

from __future__ import annotations

import trio

from sluicegate.pipeline.errors import ClientGone, GatewayError, StageCrashed
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Batch, Reply

from . import headers
from .asgi import Send
from .dialect import Dialect


class HttpOutlet:
    """An outlet over one request's ASGI ``send``.

    Args:
        send: The server's.
        dialect: The caller's.
        shared: Whether another task calls `tell_alive` meanwhile.

    Attributes:
        ended: Whether the last of the answer has been given to the server.
        wrote: When the last write ended, on trio's clock, where the outlet is shared.
    """

    def __init__(self, send: Send, dialect: Dialect, *, shared: bool = False) -> None:
        self._send = send
        self._dialect = dialect
        self._turn = trio.Lock() if shared else None
        self._early = False
        self.wrote = 0.0
        self._begun = False
        self._raw = False
        self._named = False
        self.ended = False

    async def open(self, exchange: Exchange) -> None:
        """Send the head; and the whole body if there is an error or the reply is no stream. A checkpoint.

        Raises:
            ClientGone: Nobody is there to read it.
        """
        reply = exchange.reply
        if self._early:
            if exchange.error is None and (reply is None or reply.stream is None or reply.raw):
                exchange.fail(StageCrashed("the answer to a stream that has begun is none"))
            if exchange.error is not None:
                await self.close(exchange)
        elif exchange.error is not None:
            await self._whole_error(exchange, exchange.error)
        elif reply is None:
            raise RuntimeError(f"exchange {exchange.id} has neither reply nor error")
        elif reply.stream is None:
            await self._whole(reply.status, _head_of(exchange, reply, reply.media_type), reply.body)
        else:
            self._begun, self._raw = True, reply.raw
            head = _head_of(exchange, reply, reply.media_type if reply.raw else self._dialect.media_type)
            # What is passed through has its provider's own word on whether it may be kept.
            told = head if exchange.request.passing is not None else [*head, *_UNBUFFERED]
            await self._put(_start(reply.status, told))

    async def send(self, batch: Batch) -> None:
        """Send chunks that came together, in one write. A checkpoint.

        Raises:
            ClientGone: Nobody is there to read them.
        """
        if self._raw:
            data = b"".join([chunk.data for chunk in batch])
        else:
            data, self._named = self._dialect.frames(batch), bool(batch[-1].event)
        await self._put(_body(data, more=True))

    async def tell_alive(self, exchange: Exchange) -> None:
        """Tell that a stream of events is alive, behind its head, which goes out now if it has not. A checkpoint.

        Nothing is told where an answer is none or has no word for it, and while another write has not ended.

        Raises:
            ClientGone: Nobody is there to read it.
        """
        word, request = self._dialect.keep_alive, exchange.request
        if not word or self.ended or self._raw or (self._turn is not None and self._turn.locked()):
            return
        if self._begun:
            await self._put(_body(word, more=True))
        elif request.stream and request.kind in _EVENTS and exchange.error is None:
            self._begun = self._early = True
            exchange.notes["early_head"] = "200"
            head = [(b"content-type", self._dialect.media_type.encode("ascii")), *headers.of_exchange(exchange)]
            await self._put(_start(200, [*head, *_UNBUFFERED]), _body(word, more=True))

    async def close(self, exchange: Exchange) -> None:
        """End what `open` began, or send the error whole if it did not begin. A checkpoint.

        Bytes have no word for an error: their end is then left out, and the server breaks the connection off, so
        that what was cut never looks complete. Events with names say by a name that they are the
        last, and need no terminator.

        Raises:
            ClientGone: Nobody is there to read it.
        """
        if self.ended:
            return
        error = exchange.error
        if not self._begun:
            await self.open(exchange)
            return
        self.ended = True
        if error is not None:
            if self._raw:
                return
            end = self._dialect.broken_end(error, exchange.request.label)
        else:
            end = b"" if self._raw or self._named else self._dialect.clean_end()
        await self._put(_body(end, more=False))

    async def _whole_error(self, exchange: Exchange, error: GatewayError) -> None:
        head = [
            (b"content-type", b"application/json"),
            *headers.of_exchange(exchange),
            *headers.of_error(error, attempted=bool(exchange.attempts)),
        ]
        await self._whole(error.status, head, self._dialect.error(error, exchange.request.label))

    async def _whole(self, status: int, head: headers.Encoded, body: bytes) -> None:
        self._begun = self.ended = True
        length = (b"content-length", str(len(body)).encode("ascii"))
        await self._put(_start(status, [*head, length]), _body(body, more=False))

    async def _put(self, *messages: dict[str, object]) -> None:
        if self._turn is None:
            await self._write(messages)
            return
        async with self._turn:
            await self._write(messages)
            self.wrote = trio.current_time()

    async def _write(self, messages: tuple[dict[str, object], ...]) -> None:
        # A cancellation in the middle would leave the server with a head that it believes sent, or a torn frame; the
        # server shields what it writes for that reason, as long as its own write deadline.
        try:
            for message in messages:
                await self._send(message)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ClientGone("the client left before its answer was complete") from error


_EVENTS = frozenset({"chat", "completion"})
"""Kinds of requests whose streams are events, whoever answers."""
_UNBUFFERED: headers.Encoded = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]


def _head_of(exchange: Exchange, reply: Reply, media_type: str) -> headers.Encoded:
    return headers.encoded([("content-type", media_type), *reply.headers]) + headers.of_exchange(exchange)


def _start(status: int, head: headers.Encoded) -> dict[str, object]:
    return {"type": "http.response.start", "status": status, "headers": head}


def _body(data: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": more}
