"""Many open streams at a time, each looked at chunk by chunk."""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec

from ..load.events import Events
from ..load.reader import Reader
from ..load.shots import Shot, chats
from ..load.target import Target
from ..loop import READ, WRITE, Loop
from ..processes import simulator
from ..simulate.voices.voice import WORDS
from ..usage import cpu_time, memory
from .idle import descriptors
from .plain import MIB
from .rows import Row, Told, at_least, at_most
from .stand import MODEL, Stand, upstream

RAMP = 20.0
"""Seconds in which the streams begin, one after the other."""
HOLD = 30
"""Seconds for which all of them are open."""
LOOK = 2.0
PATIENCE = 60.0
"""Seconds after the last chunk was due, when what has not come is given up."""


def token(place: int) -> str:
    """Return the text of a token as the simulated upstream sends it."""
    word = WORDS[place % len(WORDS)]
    return f" {word}" if place else word


class InOrder(Events):
    """Watches a stream that must have the tokens of the simulated upstream, each once and in order.

    Attributes:
        right: How many came, each in its place.
        wrong: Whether anything else came between them.
    """

    __slots__ = ("_rest", "right", "wrong")

    def __init__(self) -> None:
        super().__init__()
        self._rest = b""
        self.right = 0
        self.wrong = False

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes of the stream."""
        super().feed(data, now)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):
                self._take(msgspec.json.decode(line[6:]))

    def _take(self, chunk: dict[str, Any]) -> None:
        for choice in chunk.get("choices", ()):
            text = choice["delta"].get("content")
            if not text:
                continue
            if text == token(self.right):
                self.right += 1
            else:
                self.wrong = True


class Listener:
    """One stream, from the request to its end.

    Attributes:
        reader: What has come of it.
    """

    __slots__ = ("_ended", "_loop", "_sock", "_unsent", "reader")

    def __init__(self, loop: Loop, target: Target, shot: Shot, ended: Callable[[], None]) -> None:
        self._loop = loop
        self._ended = ended
        self._unsent = target.encode(shot)
        self.reader = Reader(True, InOrder)
        self._sock = socket.socket(target.family)
        self._sock.setblocking(False)
        if self._sock.connect_ex(target.address) not in (0, errno.EINPROGRESS):
            raise OSError("no connection")
        loop.watch(self._sock, WRITE, self._write)

    @property
    def delivered(self) -> int:
        """Tokens that came in their places; 0 if anything was out of place."""
        events = self.reader.events
        return events.right if isinstance(events, InOrder) and not events.wrong else 0

    @property
    def playing(self) -> bool:
        """Whether tokens have come, and not the end."""
        return self.delivered > 0 and not self.reader.done

    def _write(self, events: int) -> None:
        try:
            self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self._end()
            return
        if not self._unsent:
            self._loop.change(self._sock, READ, self._read)

    def _read(self, events: int) -> None:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
        elif self.reader.feed(data, self._loop.clock()):
            self._close()

    def _end(self) -> None:
        self.reader.end()
        self._close()

    def _close(self) -> None:
        self.leave()
        self._ended()

    def leave(self) -> None:
        """Close the connection, whatever has come of the stream."""
        if self._sock.fileno() >= 0:
            self._loop.forget(self._sock)
            self._sock.close()


class Crowd:
    """Opens streams one after the other, and follows all of them to their ends.

    Args:
        target: Where they come from.
        count: How many.
        ramp: Seconds in which they begin.
        until: Seconds after the beginning when what is left is given up.
        look: Called from time to time with the number of streams that have begun to come and not ended.

    Attributes:
        listeners: All streams that were begun.
    """

    def __init__(
        self, target: Target, count: int, *, ramp: float, until: float, look: Callable[[int], None] | None = None
    ) -> None:
        self.loop = Loop()
        self.listeners: list[Listener] = []
        self._target = target
        self._shots = islice(chats(MODEL, size=200, stream=True, start=1 << 60), count)
        self._pause = ramp / count
        self._until = until
        self._look = look
        self._open = 0
        self._all = False

    def run(self) -> None:
        """Follow the streams until the last has ended."""
        self._began = self.loop.clock()
        self._next()
        self.loop.at(self._began + self._until, self.loop.stop)
        self.loop.at(self._began + LOOK, self._looking)
        self.loop.run()
        for listener in self.listeners:
            listener.leave()
        self.loop.close()

    def _next(self) -> None:
        """Begin what is due."""
        now = self.loop.clock()
        while self._began + len(self.listeners) * self._pause <= now:
            shot = next(self._shots, None)
            if shot is None:
                self._all = True
                if not self._open:
                    self.loop.stop()
                return
            self._open += 1
            self.listeners.append(Listener(self.loop, self._target, shot, self._ended))
        self.loop.at(self._began + len(self.listeners) * self._pause, self._next)

    def _ended(self) -> None:
        self._open -= 1
        if not self._open and self._all:
            self.loop.stop()

    def _looking(self) -> None:
        if self._look is not None:
            self._look(sum(one.playing for one in self.listeners))
        self.loop.at(self.loop.clock() + LOOK, self._looking)


def measure_crowd(stand: Stand, told: Told, count: int, *, ramp: float = RAMP, hold: int = HOLD) -> None:
    """Measure streams with one chunk a second each, all open at once in a gateway of one process."""
    stand.apart()
    descriptors()
    tokens = round(ramp) + hold
    options = ("--tokens", str(tokens), "--tokens-per-second", "1")
    with simulator(*options, on=stand.load) as pacing, stand.serve(upstream(pacing.url)) as served:
        idle, seen = memory(served.pid), [(0, 0)]
        spent = cpu_time(served.pid)

        def look(open_now: int) -> None:
            seen.append((open_now, memory(served.pid)))

        crowd = Crowd(served.target, count, ramp=ramp, until=ramp + tokens + PATIENCE, look=look)
        crowd.run()
        spent = cpu_time(served.pid) - spent
    most = max(open_now for open_now, _ in seen)
    delivered = sum(one.delivered for one in crowd.listeners)
    whole = sum(one.reader.done and one.reader.error is None and one.delivered == tokens for one in crowd.listeners)
    told(at_least("streams open at once in one worker, one chunk a second each", most, count, "streams"))
    told(at_least("of them with every chunk once and in order", whole, count, "streams", f", {tokens} chunks each"))
    memories = [size for open_now, size in seen if open_now == most]
    told(
        at_most(
            "memory (PSS) with all of them open, less that of the idle gateway",
            (max(memories) - idle) / MIB,
            500,
            "MiB",
        )
    )
    if whole < count:
        ends = Counter(one.reader.error or "late" for one in crowd.listeners if one.delivered < tokens)
        told(Row("the others, by what was wrong", ", ".join(f"{kind} {many:,}" for kind, many in ends.items())))
    told(Row("CPU time for one of their chunks", f"{spent / max(1, delivered) * 1e6:.0f} us"))
