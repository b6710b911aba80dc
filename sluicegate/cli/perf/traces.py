"""`sluicegate perf traces`: the cassettes that ship."""

from __future__ import annotations

from sluicegate.adapters.stores.cassette import read_cassette
from sluicegate.perf.shelf import TRACES, find_cassette


def traces() -> None:
    """List the shipped cassettes. Wherever a cassette is asked for, their names do."""
    print(f"{'name':<14}{'requests':>9}{'seconds':>9}{'prompts':>11}  what it is")
    for name, what in TRACES.items():
        takes = list(read_cassette(find_cassette(name)))
        seconds = max(take.arrival for take in takes)
        size = sum(len(take.body) for take in takes)
        print(f"{name:<14}{len(takes):>9}{seconds:>9.0f}{size / 1000:>8,.0f} kB  {what}")
