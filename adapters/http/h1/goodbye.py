"""When a connection that hypercorn serves may end.

Left alone, hypercorn says goodbye over HTTP/2 as soon as an application has given its last byte. What it has not
written by then is lost: the end of the answer's stream, and, for who is slow, the last of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio
from hypercorn.events import RawData
from hypercorn.protocol.h2 import H2Protocol

if TYPE_CHECKING:
    from hypercorn.trio.tcp_server import TCPServer
    from hypercorn.typing import Event

WRITING = 2.0
"""Seconds that the last bytes of answers may take to leave; a client that has reset its stream takes none."""


class Goodbye:
    """Stands for the server's end towards one connection, and comes only once nothing is under way on it.

    A new request on a connection of a server that ends is refused even before.

    Args:
        over: The server's own end.
    """

    def __init__(self, over: Event) -> None:
        self._over = over
        self._serving: set[trio.lowlevel.Task] = set()
        self._moved = trio.Event()
        self.server: TCPServer | None = None

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Keep the connection for as long as the application runs."""
        task = trio.lowlevel.current_task()
        self._serving.add(task)
        try:
            yield
        finally:
            self._serving.discard(task)
            self.moved()

    def moved(self) -> None:
        """Say that something has been written, or that an application has ended."""
        self._moved.set()
        self._moved = trio.Event()

    def is_set(self) -> bool:
        """Say whether the server ends: not to an application, which would end its own answer by that."""
        return self._over.is_set() and trio.lowlevel.current_task() not in self._serving

    async def wait(self) -> None:
        """Wait until the connection may end, and say goodbye on it. A checkpoint."""
        await self._over.wait()
        while self._serving:
            await self._moved.wait()
        protocol = self._http2()
        if self.server is None or protocol is None:
            return
        with trio.move_on_after(WRITING):
            while protocol.stream_buffers:
                await self._moved.wait()
        protocol.connection.close_connection()
        await self.server.protocol_send(RawData(data=protocol.connection.data_to_send()))

    def all_written(self) -> bool:
        """Say whether all answers over HTTP/2 are complete, and none of their bytes is held back.

        The ends of their streams may be: who counts the bytes by the answer's length needs no other end, and leaves.
        """
        protocol = self._http2()
        return protocol is not None and all(buffer.complete for buffer in protocol.stream_buffers.values())

    def _http2(self) -> H2Protocol | None:
        protocol = getattr(self.server.protocol, "protocol", None) if self.server is not None else None
        return protocol if isinstance(protocol, H2Protocol) else None

    async def set(self) -> None:
        """Do nothing: the server's own end is for the server to set."""

    async def clear(self) -> None:
        """Do nothing, as `set`."""
