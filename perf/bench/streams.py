"""Streams: what a chunk costs when each comes alone, and how many pass when they come together."""

from __future__ import annotations

from ..load.traffic import Traffic, check
from ..processes import simulator
from ..usage import cpu_time
from .plain import closed, measure_rate
from .rows import Told, at_least, at_most
from .stand import MODEL, Stand, upstream

TOKENS = 200
SPEED = 50
"""Tokens a second of one stream that is paced."""
OPEN = 100
"""Paced streams at a time, about."""
ROUNDS = 3


def measure_streams(stand: Stand, told: Told) -> None:
    """Measure paced streams, which begin at random times, and streams that come in one piece."""
    stand.apart()
    options = ("--tokens", str(TOKENS))
    pace = ("--tokens-per-second", str(SPEED))
    with simulator(*options, *pace, on=stand.load) as pacing, stand.serve(upstream(pacing.url)) as served:
        begun = OPEN * SPEED / TOKENS
        paced = Traffic(MODEL, round(begun * 8), 10 * OPEN, rate=begun, stream=True, random=True)
        check(served.target, paced.send(served.target, OPEN // 10))
        before = cpu_time(served.pid)
        measured = check(served.target, paced.send(served.target))
        cost = (cpu_time(served.pid) - before) / measured.chunks
    what = f"streams, {OPEN} at a time with {SPEED} chunks/s each, which come singly: CPU time a chunk"
    told(at_most(what, cost * 1e6, 40, "us"))
    with simulator(*options, on=stand.load) as pouring, stand.serve(upstream(pouring.url)) as served:
        found = measure_rate(served, closed(stream=True), ROUNDS)
    told(at_least(f"streams of {TOKENS} chunks that come together, 32 connections", found.chunks, 60_000, "chunks/s"))
