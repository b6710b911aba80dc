"""A difference in words, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sluicegate.pipeline.config.kinds import NANOS

from .compare import QUANTILES, Difference, Latency

TITLES = {
    "routes": "routes: another plan",
    "served": "served: another target answered",
    "refusals": "refusals",
    "failures": "failures",
    "cache": "cache",
    "costs": "costs",
}
MOST = 20
"""Ways in which requests changed that are told of each kind; the rest is counted."""
_NAMES = tuple(f"p{q * 100:g}" if q < 1 else "max" for q in QUANTILES)


def as_values(difference: Difference) -> dict[str, Any]:
    """Return all of it as plain values; times are in seconds, costs in dollars."""
    values = asdict(difference)
    for name in ("answers", "first_contents", "pipeline"):
        values[name] = _latency(getattr(difference, name))
    values["stages"] = {name: _latency(one) for name, one in difference.stages.items()}
    values["cost_usd"] = {side: cost / NANOS for side, cost in values.pop("cost").items()}
    values["changes"] = {kind: values["changes"].get(kind, []) for kind in TITLES}
    return values


def in_words(difference: Difference) -> Iterator[str]:
    """Yield the lines of a report."""
    of = difference
    yield f"{of.played:,} of {of.takes:,} recorded requests asked again; {of.changed or 'none'} came out differently"
    if of.played < of.takes:
        yield f"  {of.takes - of.played:,} were recorded without their bodies, and cannot be asked again"
    old, new = of.as_recorded["old"], of.as_recorded["new"]
    yield f"  ended as they did when they were recorded: {old:,} with the old configuration, {new:,} with the new one"
    yield f"  cost: {_cost(of, 'old')} with the old configuration, {_cost(of, 'new')} with the new one"
    for side, missing in of.missing_keys.items():
        for name, count in missing.items():
            yield f"  key {name!r} is not in the {side} configuration: {count:,} requests came with it"
    for kind, title in TITLES.items():
        if changes := sorted(of.changes.get(kind, ()), key=lambda change: -change.count):
            yield ""
            yield f"{title}: {sum(change.count for change in changes):,}"
            for change in changes[:MOST]:
                examples = ", ".join(map(str, change.takes))
                yield f"{change.count:>8,}  {change.old} -> {change.new}  (takes {examples})"
            if len(changes) > MOST:
                yield f"{'':>8}  and {len(changes) - MOST} other ways"
    yield ""
    yield from _table("ms, upstreams included", {"answers": of.answers, "first content": of.first_contents}, 1e3)
    yield ""
    yield from _table("us, without upstreams", {"pipeline": of.pipeline, **of.stages}, 1e6)


def _cost(of: Difference, side: str) -> str:
    """Return what one side costs, to a millionth of a dollar, and what is not known of it."""
    unknown = f" and {of.unpriced[side]:,} requests of unknown cost" if of.unpriced[side] else ""
    return f"${of.cost[side] / NANOS:,.6f}{unknown}"


def _table(title: str, rows: dict[str, Latency], unit: float) -> Iterator[str]:
    yield f"{title:<24}" + "".join(f"{f'{side} {name}':>12}" for side in ("old", "new") for name in _NAMES)
    for name, latency in rows.items():
        if latency.old or latency.new:
            cells = [f"{value * unit:,.1f}" for value in latency.old] or ["-"] * len(_NAMES)
            cells += [f"{value * unit:,.1f}" for value in latency.new] or ["-"] * len(_NAMES)
            yield f"  {name:<22}" + "".join(f"{cell:>12}" for cell in cells)


def _latency(latency: Latency) -> dict[str, dict[str, float]]:
    return {
        side: dict(zip(_NAMES, values, strict=False)) for side, values in (("old", latency.old), ("new", latency.new))
    }
