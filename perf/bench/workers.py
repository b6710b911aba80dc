"""Two workers on all cores, which they share with the load and the upstream."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from itertools import count, cycle, islice

from ..load.flood import flood
from ..load.shots import Shot, chats
from ..load.traffic import Traffic, check
from ..processes import simulator
from ..usage import cpu_time, memory
from .plain import MIB, SECONDS, Rate, closed, measure_rate
from .rows import Row, Told, at_least, at_most
from .stand import MODEL, SIMULATOR, Served, Stand, upstream

CONNECTIONS = 64
WORKERS = {"server": {"workers": 2}}
PROMPTS = 16
WARM = 4000
"""Requests before any is counted, so that each worker has seen each of the prompts that are to be hits."""
ROUNDS = 3
WANTED = 10_000


def measure_workers(stand: Stand, told: Told) -> None:
    """Measure cache hits, the simulator's provider, and what a second worker adds to proxied chat."""
    stand.together()
    most = 0
    with stand.serve(SIMULATOR, WORKERS, everywhere=True) as served:
        found = measure_flood(served, (chats(MODEL, start=number << 32) for number in count(1)), "miss")
        told(at_least("two workers on both cores: the simulator's provider", found.rate, WANTED, "requests/s"))
        told(Row("CPU time of the gateway for one of them", f"{found.cpu * 1e6:.0f} us"))
        recorded = list(islice(chats(MODEL), PROMPTS))
        check(served.target, Traffic(MODEL, WARM, CONNECTIONS, recorded=recorded).send(served.target))
        found = measure_flood(served, (cycle(recorded) for _ in count()), "hit")
        told(at_least("two workers on both cores: cache hits", found.rate, WANTED, "requests/s"))
        told(Row("CPU time of the gateway for one of them", f"{found.cpu * 1e6:.0f} us"))
        most = memory(served.pid)
    with simulator(on=stand.all) as answering:
        rates: list[Rate] = []
        for sections in ({}, WORKERS):
            with stand.serve(upstream(answering.url), sections, everywhere=True) as served:
                rates.append(measure_rate(served, closed(CONNECTIONS), ROUNDS))
                most = max(most, memory(served.pid))
    one, two = rates
    told(Row("proxied chat, one worker, all cores shared", f"{one.rate:,.0f} requests/s"))
    told(Row("proxied chat, two workers, all cores shared", f"{two.rate:,.0f} requests/s"))
    told(Row("proxied chat: two workers in place of one", f"{two.rate / one.rate:.2f} times"))
    told(Row("proxied chat, two workers: requests for each second of their CPU time", f"{1 / two.cpu:,.0f}"))
    told(Row(f"proxied chat: cores of gateway that {WANTED:,} requests/s need", f"{WANTED * two.cpu:.2f}"))
    told(at_most("memory (PSS) of supervisor and two workers, the most of these", most / MIB, 1024, "MiB"))


def measure_flood(served: Served, rounds: Iterator[Iterator[Shot]], cache: str) -> Rate:
    """Send rounds of load as fast as it is answered, the first of which does not count.

    Args:
        rounds: The requests of each.
        cache: What the cache must say of each answer.

    Raises:
        Failed: An answer was not as it must be.
    """
    header = b"x-sluicegate-cache: " + cache.encode()
    rates, answers, spent = [], 0, 0.0
    for number in range(ROUNDS + 1):
        requests = map(served.target.encode, next(rounds))
        before = cpu_time(served.pid)
        found = flood(served.target, requests, CONNECTIONS, SECONDS if number else SECONDS / 4, header)
        if number:
            spent += cpu_time(served.pid) - before
            answers += found.answers
            rates.append(found.rate)
    return Rate(statistics.median(rates), 0.0, spent / answers)
