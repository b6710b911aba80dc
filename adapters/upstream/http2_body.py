"""The body of an answer that httpx reads, and what httpx's errors mean."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

import httpx
import trio
from h2.events import StreamReset
from h2.exceptions import ProtocolError

from .h1_reader import CutShort


class Http2Body:
    """Reads what follows a head. The connection is kept as soon as the message is complete.

    Args:
        response: httpx's.
        keep: Takes the connection back.
        discard: Closes it. Neither waits for anybody.

    Attributes:
        status: The status.
        headers: Names and values as they came.
    """

    def __init__(
        self, response: httpx.Response, keep: Callable[[], Awaitable[None]], discard: Callable[[], Awaitable[None]]
    ) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        self.status = response.status_code
        self.headers = response.headers.raw
        self._stream = response.stream
        self._parts = aiter(response.stream)
        self._keep = keep
        self._discard = discard
        self._held = True
        self._closed = False
        self._failure: httpx.TransportError | None = None

    async def receive(self) -> bytes:
        """Return the next bytes, or ``b""`` at the end. A checkpoint. Being cancelled here closes the connection.

        Raises:
            httpx.RemoteProtocolError: The message is cut short, or malformed.
            httpx.ReadError: The connection broke.
            httpx.StreamClosed: It was closed before its end.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise httpx.StreamClosed
        if not self._held:
            return b""
        try:
            while not (data := await anext(self._parts)):
                pass
        except StopAsyncIteration:
            self._held = False
            await self._stream.aclose()  # or httpx counts the call among those under way for ever
            await self._keep()
            return b""
        except (httpx.TransportError, ProtocolError) as error:
            self._failure = in_plain_words(error)
            await self._let_go()
            raise self._failure from error
        except BaseException:
            await self.aclose()
            raise
        return data

    def close(self) -> None:
        """Want no more of it; `aclose` lets the connection go."""
        self._closed = self._held or self._closed

    async def aclose(self) -> None:
        """Close the connection unless the message is complete. Safe to call twice, and for who is cancelled."""
        self.close()
        if self._held:
            # httpx reads in generators, one in the other. Closing the outer one would leave the others to the garbage
            # collector; a cancellation inside of the innermost ends them all.
            with trio.CancelScope() as ending:
                ending.cancel()
                while await anext(self._parts, None) is not None:
                    pass
            await self._let_go()

    async def _let_go(self) -> None:
        self._held = False
        with trio.CancelScope(shield=True):  # it waits for nobody
            await self._stream.aclose()
        await self._discard()


def in_plain_words(error: httpx.TransportError | ProtocolError) -> httpx.TransportError:
    """Return an error of httpx, which may have no words at all, as one of `http`'s kinds that says what happened."""
    if isinstance(error, httpx.ConnectError):
        return httpx.ConnectError(_why_no_connection(error))
    if isinstance(error, httpx.LocalProtocolError | ProtocolError):
        # All of the request has been checked before. So it is a frame that came which does not fit.
        return httpx.RemoteProtocolError("what came is no HTTP/2, or does not fit")
    if isinstance(error, httpx.RemoteProtocolError):
        event = error.__cause__.args[0] if error.__cause__ is not None and error.__cause__.args else None
        if isinstance(event, StreamReset):
            return httpx.RemoteProtocolError(f"it reset the stream, code {int(event.error_code or 0)}")
        return CutShort(str(error))
    return error


def _why_no_connection(error: BaseException) -> str:
    """Return why, in the words of whoever found out first."""
    words = str(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not good: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"the TLS handshake failed: {cause.reason or 'it was broken off'}"
        words = getattr(cause, "strerror", None) or words
        cause = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause.__cause__ or cause.__context__
    return words or "it was broken off"
