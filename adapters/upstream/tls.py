"""TLS over any channel, with the ssl module's memory buffers: no I/O of its own.

Certificates are verified, hosts compared, unless a setting says otherwise. An end without TLS's own goodbye is a
broken connection, since anybody on the way could have made it: https://www.rfc-editor.org/rfc/rfc8446#section-6.1.
Closing sends our goodbye if it can be sent at once, and waits for none.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass
from math import inf

import httpx
import trio

from .channel import READ, Channel

PIECE = 256 * 1024
"""Bytes that are encrypted in one go, so that a long prompt does not hold up everybody else."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How a server proves who it is. Connections with different settings are never mixed.

    Attributes:
        verify: Whether it must. Without, anybody on the way can read along.
        ca_file: A file with the certificates to trust, in place of certifi's or those of ``SSL_CERT_FILE``.
    """

    verify: bool = True
    ca_file: str = ""

    def make_context(self) -> ssl.SSLContext:
        """Return a new context. Reading the certificates takes 20 ms.

        Raises:
            OSError: The file cannot be read, or holds no certificates.
        """
        if self.verify and self.ca_file:
            context = ssl.create_default_context(cafile=self.ca_file)
        else:
            context = httpx.create_ssl_context(verify=self.verify)
        context.set_alpn_protocols(["http/1.1"])
        return context


class Contexts:
    """The contexts made so far, one a setting."""

    def __init__(self) -> None:
        self._made: dict[TlsSettings, ssl.SSLContext] = {}
        self._making = trio.Lock()

    async def get(self, settings: TlsSettings) -> ssl.SSLContext:
        """Return the context of these settings; it is made once, in a thread.

        Raises:
            httpx.ConnectError: Its certificates cannot be read.
        """
        if settings not in self._made:
            async with self._making:
                if settings not in self._made:
                    try:
                        self._made[settings] = await trio.to_thread.run_sync(settings.make_context)
                    except OSError as error:
                        raise httpx.ConnectError(f"the certificates to trust cannot be read: {error}") from error
        return self._made[settings]


class TlsChannel:
    """A channel inside TLS. `handshake` comes first."""

    def __init__(self, inner: Channel, context: ssl.SSLContext, host: str) -> None:
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._rest = memoryview(b"")
        self._over: ssl.SSLError | None = None

    async def handshake(self) -> None:
        """Agree on keys, and check the certificate. A checkpoint.

        Raises:
            httpx.ConnectError: The certificate is not good, or the other side does not speak TLS.
        """
        try:
            while True:
                try:
                    self._tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await self._send_outgoing()
                    self._take_in(await self._inner.receive())
            await self._send_outgoing()
        except ssl.SSLCertVerificationError as error:
            raise httpx.ConnectError(f"its certificate is not good: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise httpx.ConnectError(f"the TLS handshake failed: {error.reason or 'it was broken off'}") from error
        except (httpx.ReadError, httpx.WriteError) as error:
            raise httpx.ConnectError(f"the TLS handshake failed: {error}") from error

    async def receive(self, seconds: float = inf) -> bytes:
        """Wait for bytes, and return those that are there."""
        while True:
            if self._over is not None:
                await trio.lowlevel.checkpoint()
                return self._last_word()
            sealed = await self._inner.receive(seconds)
            data = self._opened(sealed)
            if data is not None:
                return data

    def receive_nowait(self) -> bytes | None:
        """Return the bytes that are there."""
        if self._over is not None:
            return self._last_word()
        sealed = self._inner.receive_nowait()
        return None if sealed is None else self._opened(sealed)

    def start(self, data: bytes) -> bool:
        """Begin to send; return whether all has gone."""
        self._rest = memoryview(data)
        return self._start_piece() and not self._rest

    async def flush(self, seconds: float = inf) -> None:
        """Send what is left over."""
        await self._inner.flush(seconds)
        while self._rest:
            if not self._start_piece():
                await self._inner.flush(seconds)
            else:
                await trio.lowlevel.checkpoint()

    def wake(self) -> None:
        """Let a read under way fail."""
        self._inner.wake()

    def close(self) -> None:
        """Say goodbye if that can be done at once, and close."""
        with suppress(ssl.SSLError, ValueError):
            self._tls.unwrap()
        with suppress(httpx.WriteError):
            if not self._rest and self._outgoing.pending:
                self._inner.start(self._outgoing.read())
        self._inner.close()

    def _start_piece(self) -> bool:
        """Encrypt the next piece and begin to send it; return whether it has gone."""
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        try:
            self._tls.write(piece)
        except ssl.SSLError as error:
            raise httpx.WriteError("TLS broke") from error
        return self._inner.start(self._outgoing.read())

    def _opened(self, sealed: bytes) -> bytes | None:
        """Return what is in these bytes, ``b""`` at the other side's goodbye, None if there is nothing yet."""
        self._take_in(sealed)
        parts: list[bytes] = []
        try:
            while data := self._tls.read(READ):
                parts.append(data)
        except ssl.SSLWantReadError:
            if not parts:
                return None
        except ssl.SSLError as error:
            self._over = error
            if not parts:
                return self._last_word()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _last_word(self) -> bytes:
        """Return ``b""`` if TLS has ended well; raise if it has not."""
        if isinstance(self._over, ssl.SSLZeroReturnError):
            return b""
        raise httpx.ReadError("TLS was broken off") from self._over

    def _take_in(self, sealed: bytes) -> None:
        if sealed:
            self._incoming.write(sealed)
        else:
            self._incoming.write_eof()

    async def _send_outgoing(self) -> None:
        if (sealed := self._outgoing.read()) and not self._inner.start(sealed):
            await self._inner.flush()
