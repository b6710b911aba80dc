"""Writes log lines to a file from one thread, so that nothing that logs ever waits.

A terminal that is stopped, or a pipe that nobody reads, must not stop requests: what finds the bound reached is
counted, and the count is logged when there is room again. A tenth of the room is kept for warnings and errors, which
the access log must not keep out. The thread gathers lines for a moment and writes them together, since each time it
wakes it takes the interpreter from the requests. For the same reason JSON is made where the line is logged (2 us), and
only the words for people, at a terminal, are made in the thread. Where several processes write to one pipe, which
takes them apart beyond a few KiB, each holds a lock for as long as it writes.
"""

from __future__ import annotations

import fcntl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

CAPACITY = 10_000
GATHER = 0.05
"""Seconds for which lines are gathered."""
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
"""Levels by name, with the numbers of the standard library."""
_TAKEN = frozenset({"event", "level", "timestamp"})
_encode = msgspec.json.Encoder(enc_hook=str).encode
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
"""What moves a terminal's cursor, or worse, as people may see it: texts from clients and providers are in the log."""
_CONTROLS_IN_LINES = {code: seen for code, seen in _CONTROLS.items() if chr(code) not in "\n\t"}

Line = dict[str, Any]


class LogWriter:
    """Takes lines; its thread starts with the first one.

    Args:
        out: Where to. People read it if it is a terminal, programs if not.
        level: The least level of a line that is written.
        capacity: Lines that may wait; below a warning nine tenths of them.
        lock: An open file that all who write to ``out`` lock (fcntl(2)); not given where nobody else does.

    Attributes:
        dropped: Lines that found no room, since the last that did.
    """

    def __init__(self, out: TextIO, *, level: str = "info", capacity: int = CAPACITY, lock: int | None = None) -> None:
        self._out = out
        self._lock = lock
        self._for_people = out.isatty()
        self._least = LEVELS[level]
        self._capacity = capacity
        self._ordinary = capacity - capacity // 10
        self._lines: deque[Line | str] = deque()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def put(self, level: str, event: str, fields: Line) -> None:
        """Take a line. Never waits."""
        weight = LEVELS.get(level, LEVELS["error"])
        if weight < self._least:
            return
        if len(self._lines) >= (self._ordinary if weight < LEVELS["warning"] else self._capacity):
            self.dropped += 1
            return
        line = _line(level, event, fields)
        self._lines.append(line if self._for_people else _json(line))
        if not self._wake.is_set():
            self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sluicegate log", daemon=True)
            self._thread.start()

    def access(self, record: Line) -> None:
        """Take the record of one request."""
        self.put("info", "request", record)

    def close(self, timeout: float = 1.0) -> bool:
        """Write what waits, for at most ``timeout`` seconds, and say whether that was enough. Blocks."""
        self._closed.set()
        self._wake.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        words = _words() if self._for_people else _json
        closing = False
        while not closing:
            self._wake.wait()
            closing = self._closed.wait(GATHER)
            self._wake.clear()
            self._write(words)

    def _write(self, words: Callable[[Line], str]) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if not self._try("".join(line if isinstance(line, str) else words(line) for line in lines)):
            self.dropped += len(lines)
        elif self.dropped:
            count, self.dropped = self.dropped, 0
            if not self._try(words(_line("warning", "log lines dropped", {"count": count}))):
                self.dropped += count

    def _try(self, text: str) -> bool:
        try:
            with self._alone():
                self._out.write(text)
                self._out.flush()
        except (OSError, ValueError):
            return False  # the file is closed or its reader has left, and there is no place to say so
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock for the length of the block. The kernel gives it back for a process that dies."""
        if self._lock is None:
            yield
            return
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)


def _line(level: str, event: str, fields: Line) -> Line:
    line = {"timestamp": datetime.now(UTC), "level": level, "event": event}
    if _TAKEN.isdisjoint(fields):
        line.update(fields)
    else:
        line.update({f"{name}_" if name in _TAKEN else name: value for name, value in fields.items()})
    return line


def _json(line: Line) -> str:
    return _encode(line).decode() + "\n"


def _words() -> Callable[[Line], str]:
    """Return what makes a line for people. structlog is imported in the writer's thread: it takes 100 ms."""
    import structlog

    render = structlog.dev.ConsoleRenderer(pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)

    def words(line: Line) -> str:
        moment = line["timestamp"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shown = {name: _shown(name, value) for name, value in line.items()}
        return str(render(None, line["level"], {**shown, "timestamp": moment})) + "\n"

    return words


def _shown(name: str, value: object) -> object:
    """Return a value with its control characters written out; a traceback keeps its lines."""
    if not isinstance(value, str):
        return value
    return value.translate(_CONTROLS_IN_LINES if name == "exception" else _CONTROLS)
