"""Traffic that is sent again and again, in rounds that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, islice

from .engine import Engine, Rules
from .measurement import Measurement
from .shots import Shot, at_once, chats, evenly, poisson
from .target import Target


class Failed(RuntimeError):
    """Too many requests of a round failed for its figures to mean anything."""


@dataclass
class Traffic:
    """What one round sends.

    Attributes:
        model: Of the chats, unless there are recorded requests.
        requests: How many a round has.
        connections: Of the closed loop; the most of the open one.
        rate: Requests a second of an open loop, or None for a closed one.
        size: Bytes of each chat's prompt. No two chats ever have the same, so that no cache has the answer.
        stream: Whether chats are streamed.
        recorded: What is sent in place of chats, from the first again in each round.
        timeout: Seconds after which a request has failed.
        seconds: After which a round sends no more; it must have requests for so long.
        random: Whether an open loop sends at independent times, in place of equal pauses.
    """

    model: str = "demo"
    requests: int = 10_000
    connections: int = 32
    rate: float | None = None
    size: int = 2000
    stream: bool = False
    recorded: Sequence[Shot] = ()
    timeout: float = 60.0
    seconds: float | None = None
    random: bool = False
    _rounds: count[int] = field(default_factory=count, repr=False)

    def send(
        self, target: Target, requests: int | None = None, tick: Callable[[Measurement], None] | None = None
    ) -> Measurement:
        """Send one round, or a shorter one, and return what was measured. ``tick`` is called some four times a second.

        Raises:
            KeyboardInterrupt: It was interrupted, and is of no use.
        """
        limit = min(requests or self.requests, self.requests)
        number = next(self._rounds)
        shots = (
            cycle(self.recorded)
            if self.recorded
            else chats(self.model, size=self.size, stream=self.stream, start=number << 32)
        )
        if not self.rate:
            timed = at_once(shots, limit)
        else:
            timed = islice(poisson(shots, self.rate, number) if self.random else evenly(shots, self.rate), limit)
        rules = Rules(not self.rate, self.connections, self.timeout, self.seconds)
        measured = Engine(target, timed, rules, Measurement(), tick).run()
        if measured.interrupted:
            raise KeyboardInterrupt
        return measured


def check(target: Target, measured: Measurement, share: float = 0.01) -> Measurement:
    """Return a round's figures.

    Raises:
        Failed: More than this share of its requests failed.
    """
    if not measured.answers or measured.error_rate > share:
        kinds = ", ".join(f"{kind} {number}" for kind, number in measured.errors.most_common())
        raise Failed(
            f"{target.url}: {measured.failures} of {measured.requests} requests failed ({kinds or 'none sent'})"
        )
    return measured
