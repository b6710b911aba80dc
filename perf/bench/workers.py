"""Two workers on all cores, which they share with the load and the upstream."""

from __future__ import annotations

from itertools import islice

from ..load.shots import chats
from ..load.traffic import Traffic
from ..processes import simulator
from ..usage import memory
from .plain import MANY, MIB, Rate, closed, measure_rate
from .rows import Row, Told, at_least, at_most
from .stand import MODEL, SIMULATOR, Stand, upstream

CONNECTIONS = 64
WORKERS = {"server": {"workers": 2}}
PROMPTS = 16
ROUNDS = 3
WANTED = 10_000


def measure_workers(stand: Stand, told: Told) -> None:
    """Measure cache hits, the simulator's provider, and what a second worker adds to proxied chat."""
    stand.together()
    most = 0
    with stand.serve(SIMULATOR, WORKERS, everywhere=True) as served:
        found = measure_rate(served, closed(CONNECTIONS), ROUNDS)
        told(at_least("two workers on both cores: the simulator's provider", found.rate, WANTED, "requests/s"))
        hits = Traffic(MODEL, MANY, CONNECTIONS, recorded=list(islice(chats(MODEL), PROMPTS)), seconds=3.0)
        found = measure_rate(served, hits, ROUNDS)
        told(at_least("two workers on both cores: cache hits", found.rate, WANTED, "requests/s"))
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
