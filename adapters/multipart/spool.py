"""Where uploads are kept: the first of them in memory, and all of a larger one in a file that has no name.

A file without a name is gone when it is closed, also when the process is killed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import IO

import trio

from sluicegate.pipeline.errors import GatewayError

KEEP = 1024 * 1024
"""Bytes of one upload that stay in memory."""


class SpoolFailed(GatewayError):
    """The disk did not take an upload, or did not give it back."""

    code = "upload_not_kept"


class Spool:
    """Keeps bytes that come in order, and gives back any stretch of them. One task at a time may write.

    Args:
        keep: Bytes up to which all stays in memory.
        on_close: Called once, when it is closed.

    Attributes:
        size: Bytes written so far.
    """

    def __init__(self, *, keep: int = KEEP, on_close: Callable[[], None] | None = None) -> None:
        self._keep = keep
        self._on_close = on_close
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._closed = False
        self.size = 0

    @property
    def on_disk(self) -> bool:
        """Whether it has outgrown memory."""
        return self._file is not None

    async def write(self, data: bytes) -> None:
        """Add bytes. A checkpoint once it has outgrown memory.

        Raises:
            SpoolFailed: The disk does not take them.
        """
        if self._file is None and self.size + len(data) <= self._keep:
            self._memory += data
        else:
            # The thread cannot be left alone: it may be opening the file that `close` is to close.
            await trio.to_thread.run_sync(self._append, data)
        self.size += len(data)

    async def read(self, start: int, size: int) -> bytes:
        """Return ``size`` bytes from ``start`` on. A checkpoint if they are on disk.

        Raises:
            SpoolFailed: They are not there, or it is closed.
        """
        if self._closed:
            raise SpoolFailed("an upload was read after its request had ended")
        if self._file is None:
            data = bytes(self._memory[start : start + size])
        else:
            data = await trio.to_thread.run_sync(_read, self._file.fileno(), start, size)
        if len(data) != size:
            raise SpoolFailed("an upload is shorter on disk than it was when it came")
        return data

    def close(self) -> None:
        """Let go of all of it. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()
        if self._on_close is not None:
            self._on_close()

    def _append(self, data: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # `close` closes it
                _write(self._file.fileno(), self._memory)
                self._memory = bytearray()
            _write(self._file.fileno(), data)
        except OSError as error:
            raise SpoolFailed(f"the upload could not be kept on disk: {error.strerror or 'it failed'}") from error


def _write(fd: int, data: bytes | bytearray) -> None:
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            done += os.write(fd, view[done:])


def _read(fd: int, start: int, size: int) -> bytes:
    try:
        return os.pread(fd, size, start)
    except OSError as error:
        raise SpoolFailed(f"the upload could not be read from disk: {error.strerror or 'it failed'}") from error
