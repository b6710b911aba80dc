"""A snapshot in Prometheus' text format. https://prometheus.io/docs/instrumenting/exposition_formats/"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from hdrh.histogram import HdrHistogram
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sluicegate.pipeline.breaker import BreakerState
from sluicegate.pipeline.config.kinds import NANOS
from sluicegate.pipeline.metrics import Series

from .snapshot import COUNTS, Snapshot

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SPEED_BOUNDS = (1.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
"""Tokens per second."""
SERIES = list(Series._fields)
REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds: from a cache hit to a long generation."""
HOP_BOUNDS = (0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.1, 1.0, 10.0)
"""Seconds: from a judging stage to a waiting one."""


def exposition(snapshot: Snapshot) -> bytes:
    """Return the text of a scrape. With many series this takes long: run it in a thread."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SnapshotCollector(snapshot))
    return generate_latest(registry)


class SnapshotCollector(Collector):
    """Gives one snapshot to prometheus_client."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the registry is made for one scrape, so no names can clash in it."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from self._gateway()
        yield from self._requests()
        yield from self._media()
        yield from self._times()
        yield from self._hops()
        yield from self._breakers()

    def _gateway(self) -> Iterator[Metric]:
        snapshot = self._snapshot
        yield GaugeMetricFamily("sluicegate_ready", "1 while requests are taken.", _flag(snapshot))
        yield GaugeMetricFamily("sluicegate_in_flight", "Exchanges admitted and not ended.", snapshot.in_flight)
        yield GaugeMetricFamily("sluicegate_workers", "Processes that serve.", len(snapshot.workers))
        for name, text, value in (
            ("overloads", "Requests refused because too many were in flight.", snapshot.overloads),
            ("settled", "Exchanges that went through the whole SETTLE lane.", snapshot.settled),
            ("settle_lost", "Exchanges that the SETTLE lane had no room for.", snapshot.lost),
            ("overflowed", "Figures counted under `other` for want of a place for their names.", snapshot.overflowed),
            ("worker_deaths", "Workers that ended without being told to.", snapshot.deaths),
        ):
            yield CounterMetricFamily(f"sluicegate_{name}", text, value)

    def _requests(self) -> Iterator[Metric]:
        series = self._snapshot.series
        for name, text in (
            ("requests", "Exchanges that ended."),
            ("attempts", "Calls of upstreams."),
            ("input_tokens", "Tokens of requests, cached ones included."),
            ("output_tokens", "Tokens of answers, reasoning included."),
            ("unpriced", "Calls of upstreams that have used something whose price is not known."),
            ("uncounted", "Requests that a limit has let pass without counting them, since its store was away."),
        ):
            family = CounterMetricFamily(f"sluicegate_{name}", text, labels=SERIES)
            for labels, figures in series:
                family.add_metric(labels, getattr(figures, name))
            yield family
        cost = CounterMetricFamily("sluicegate_cost_usd", "Dollars that calls have cost; see unpriced.", labels=SERIES)
        for labels, figures in series:
            cost.add_metric(labels, figures.cost / NANOS)
        yield cost
        for name, text, label in (
            ("outcomes", "Exchanges by how they ended.", "outcome"),
            ("errors", "Exchanges that ended with an error, by its code.", "code"),
            ("faults", "Upstream calls that failed, by the error's code, also where failover hid them.", "code"),
            ("cache", "Exchanges by what the cache said.", "result"),
        ):
            family = CounterMetricFamily(f"sluicegate_{name}", text, labels=[*SERIES, label])
            for labels, figures in series:
                for value, count in getattr(figures, name).items():
                    family.add_metric([*labels, value], count)
            yield family

    def _media(self) -> Iterator[Metric]:
        for name, text in (
            ("images", "Images that were made."),
            ("characters", "Characters that were said."),
            ("audio_seconds", "Seconds of sound that were heard or made, where they are counted."),
        ):
            family = CounterMetricFamily(f"sluicegate_{name}", text, labels=SERIES)
            for labels, figures in self._snapshot.series:
                family.add_metric(labels, getattr(figures, name))
            yield family

    def _times(self) -> Iterator[Metric]:
        latency, first_token, speed = (
            HistogramMetricFamily(f"sluicegate_{name}", text, labels=SERIES)
            for name, text in (
                ("request_seconds", "From a request's arrival to its end."),
                ("first_token_seconds", "From a request's arrival to the first content of its stream."),
                ("tokens_per_second", "Output tokens per second of an answer."),
            )
        )
        for labels, figures in self._snapshot.series:
            _add(latency, labels, figures.latency, REQUEST_BOUNDS)
            _add(first_token, labels, figures.first_token, REQUEST_BOUNDS)
            _add(speed, labels, figures.speed, SPEED_BOUNDS, per_unit=1.0)
        yield from (latency, first_token, speed)

    def _hops(self) -> Iterator[Metric]:
        hops = self._snapshot.hops
        depth = GaugeMetricFamily("sluicegate_hop_depth", "Exchanges in a stage's inbox.", labels=["hop", "lane"])
        events = CounterMetricFamily(
            "sluicegate_hop_exchanges", "Exchanges by what a stage did with them.", labels=["hop", "lane", "verdict"]
        )
        queue = HistogramMetricFamily("sluicegate_hop_queue_seconds", "Time in an inbox.", labels=["hop", "lane"])
        work = HistogramMetricFamily("sluicegate_hop_work_seconds", "Time in a stage.", labels=["hop", "lane"])
        for hop in hops:
            depth.add_metric([hop.name, hop.lane], hop.depth)
            for verdict in COUNTS:
                events.add_metric([hop.name, hop.lane, verdict], hop.counts[verdict])
            _add(queue, [hop.name, hop.lane], hop.queue, HOP_BOUNDS)
            _add(work, [hop.name, hop.lane], hop.work, HOP_BOUNDS)
        yield from (depth, events, queue, work)

    def _breakers(self) -> Iterator[Metric]:
        labels = ["provider", "state"]
        states = GaugeMetricFamily(
            "sluicegate_breaker_state", "1 for the worst state that a provider's breaker is in.", labels=labels
        )
        workers = GaugeMetricFamily(
            "sluicegate_breaker_workers", "Workers in which a provider's breaker is in a state.", labels=labels
        )
        for name, breaker in self._snapshot.breakers.items():
            for state in BreakerState:
                states.add_metric([name, state.value], float(breaker.state == state.value))
                workers.add_metric([name, state.value], breaker.seen.get(state.value, 0))
        yield from (states, workers)


def _flag(snapshot: Snapshot) -> float:
    return float(snapshot.ready and not snapshot.draining)


def _add(
    family: HistogramMetricFamily,
    labels: Sequence[str],
    histogram: HdrHistogram,
    bounds: Sequence[float],
    *,
    per_unit: float = 1e6,
) -> None:
    """Add a histogram as cumulative buckets; one unit of theirs is ``per_unit`` of the histogram's.

    The histogram keeps two significant digits of a value, and so do the borders between buckets.
    """
    buckets = [0] * (len(bounds) + 1)
    total = 0.0
    for recorded, count in _recorded(histogram):
        value = recorded / per_unit
        total += value * count
        buckets[bisect_left(bounds, value)] += count
    running = 0
    cumulative: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, bounds), "+Inf"], buckets, strict=True):
        running += count
        cumulative.append((bound, running))
    family.add_metric(labels, buckets=cumulative, sum_value=total)


def _recorded(histogram: HdrHistogram) -> Iterator[tuple[int, int]]:
    """Yield (value, count). The package's own iterator gives up when somebody records meanwhile."""
    if not histogram.get_total_count():
        return
    for index in range(histogram.counts_len):
        count = histogram.get_count_at_index(index)
        if count:
            yield histogram.get_value_from_index(index), count
