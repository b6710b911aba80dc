"""How much content a stream must bring in a time. Pure: it is told the time, in seconds."""

from __future__ import annotations


class Pace:
    """The least pace of a stream. Only time that is spent waiting for the stream counts.

    Args:
        least: Events a second.
        window: Seconds in which so many must come as that makes.
    """

    def __init__(self, least: float, window: float) -> None:
        self._enough = least * window
        self._window = window
        self._waited = 0.0
        self._came = 0

    def due(self, now: float) -> float:
        """Return when a wait that begins now has lasted too long."""
        return now + self._window - self._waited

    def came(self, events: int, waited: float) -> None:
        """Note how many events have come, after so many seconds. Once they are enough, a new window begins."""
        self._waited += waited
        self._came += events
        if self._came >= self._enough:
            self._waited, self._came = 0.0, 0
