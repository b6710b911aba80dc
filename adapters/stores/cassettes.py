"""Writes takes into cassettes, from one thread, so that nothing that records ever waits for a disk.

Its rules:

* A take is packed where it is handed over, which takes microseconds, and waits in a bounded queue. What finds no room
  is dropped and counted, and the count is logged, once a minute at most.
* Which cassette a take belongs to is decided there too: arrivals are counted from that of the cassette's first take.
  The thread follows: it appends once a second, or sooner when the queue is half full.
* A file holds whole takes only, up to what a crash cuts off its end. What cannot be written is cut off again.
* The files of all processes that share a folder have different names, by the process' number and the file's, and a
  file is only ever begun where there is none. They share the bound on their number.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import trio

from sluicegate.pipeline.take import Take

from .cassette import head_bytes, take_bytes
from .cassette_file import CassetteFile, Reel

log = logging.getLogger("sluicegate.recording")

FLUSH = 1.0
"""Seconds for which takes are gathered before they are written."""
PATIENCE = 60.0
"""Seconds between two lines of the log on takes that were dropped."""


class CassetteRecorder:
    """A `Recorder`. Its thread and its first file begin with the first take.

    Args:
        folder: Where to.
        max_file: Bytes after which a cassette is followed by a new one.
        max_files: The most cassettes in the folder.
        max_queue: The most bytes that wait to be written.
        flush: Seconds for which takes are gathered.
        clock: Seconds, never going back; it counts the minutes between lines of the log.

    Attributes:
        dropped: Takes that were lost: they found no room, or could not be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_file: int,
        max_files: int,
        max_queue: int,
        flush: float = FLUSH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dropped = 0
        self._max_file = max_file
        self._max_queue = max_queue
        self._flush = flush
        self._clock = clock
        self._file = CassetteFile(folder, max_files=max_files)
        self._reel = Reel(0, 0.0, b"")
        self._in_reel = max_file
        self._queue: deque[tuple[Reel, bytes]] = deque()
        self._waiting = 0
        self._told = 0
        self._tell_again = 0.0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def take(self, take: Take, arrived: float) -> None:
        """Keep a take, or drop and count it where there is no room. Never waits."""
        if self._in_reel >= self._max_file:
            self._next_reel(arrived)
        packed = take_bytes(take, arrival=arrived - self._reel.created)
        with self._lock:
            fits = not self._closed and self._waiting + len(packed) <= self._max_queue
            if fits:
                self._waiting += len(packed)
                self._queue.append((self._reel, packed))
            else:
                self.dropped += 1
        if not fits:
            self._tell()
            return
        self._in_reel += len(packed)
        if not self._wake.is_set():
            self._wake.set()
        if self._waiting * 2 >= self._max_queue:
            self._hurry.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sluicegate recording", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Let the thread write what waits, close its file and end; later takes are dropped. Never waits."""
        with self._lock:
            self._closed = True
        self._hurry.set()
        self._wake.set()

    def close(self) -> None:
        """The same, and wait for it. Blocks."""
        self.end()
        if self._thread is not None:
            self._thread.join()
        self._tell(last=True)

    def _next_reel(self, created: float) -> None:
        head = head_bytes(created=created, by="sluicegate record")
        self._reel = Reel(self._reel.number + 1, created, head)
        self._in_reel = len(head)

    def _run(self) -> None:
        closed = False
        while not closed:
            self._wake.wait()
            self._wake.clear()
            self._hurry.wait(self._flush)
            self._hurry.clear()
            closed = self._closed
            self._write()
        self._file.close()

    def _write(self) -> None:
        with self._lock:
            batch, self._queue = self._queue, deque()
        while batch:
            reel = batch[0][0]
            takes = []
            while batch and batch[0][0] is reel:
                takes.append(batch.popleft()[1])
            written = self._file.append(reel, takes)
            with self._lock:
                self._waiting -= sum(map(len, takes))
                self.dropped += 0 if written else len(takes)
        self._tell()

    def _tell(self, *, last: bool = False) -> None:
        """Log how many takes were dropped, if that is news and a minute is over, or at the ``last``."""
        with self._lock:
            count = self.dropped - self._told
            now = self._clock()
            if not count or (now < self._tell_again and not last):
                return
            self._told = self.dropped
            self._tell_again = now + PATIENCE
        why = self._file.problem or f"over {self._max_queue} bytes waited to be written, the limit"
        log.warning("%d recorded exchanges were dropped: %s", count, why)


class Cassettes:
    """Makes recorders, and ends them with the gateway."""

    def __init__(self) -> None:
        self._open: list[CassetteRecorder] = []

    def open(self, folder: Path, *, max_file: int, max_files: int, max_queue: int) -> CassetteRecorder:
        """Return a recorder that writes into a folder, which is made if need be. Raises ValueError."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cannot make the folder {folder}: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(f"cannot write to the folder {folder}")
        recorder = CassetteRecorder(folder, max_file=max_file, max_files=max_files, max_queue=max_queue)
        self._open.append(recorder)
        return recorder

    async def aclose(self) -> None:
        """Write what waits and close all files. A checkpoint. A disk that hangs is left to its thread."""
        for recorder in self._open:
            recorder.end()  # first, and for all: a caller without time must not leave any of them running
        for recorder in self._open:
            await trio.to_thread.run_sync(recorder.close, abandon_on_cancel=True)
