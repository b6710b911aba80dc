"""Snapshot, JSON figures and Prometheus text of one gateway whose figures are known."""

from collections import Counter

import pytest
import trio
import trio.testing
from prometheus_client.parser import text_string_to_metric_families

from sluicegate.adapters.telemetry.exposition import exposition
from sluicegate.adapters.telemetry.figures import figures_of
from sluicegate.adapters.telemetry.snapshot import take_snapshot
from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.config.sections import BreakerSettings, ServerSettings
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.metrics import Series
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.pipeline.topology import Placed, compile_topology

LABELS = {"operation": "chat", "provider": "p", "model": 'odd"\nname'}


class Refuses:
    def judge(self, exchange: Exchange) -> Verdict:
        raise UpstreamError("no")


class Nowhere:
    async def open(self, exchange):
        pass

    async def send(self, batch):
        pass

    async def close(self, exchange):
        pass


@pytest.fixture
async def snapshot(autojump_clock):
    resources = Resources()
    figures = resources.metrics.figures(Series(*LABELS.values()))
    resources.metrics.overflowed = 5
    figures.requests, figures.attempts, figures.input_tokens, figures.output_tokens = 3, 4, 50, 60
    figures.cost, figures.unpriced, figures.uncounted = 150_000, 2, 3
    figures.images, figures.characters, figures.audio_seconds = 2, 70, 1.5
    figures.outcomes, figures.cache = Counter(ok=2, failed=1), Counter(hit=1, miss=2)
    figures.errors, figures.faults = Counter(upstream_error=1), Counter(upstream_error=2)
    for microseconds in (2_000, 40_000, 40_000):
        figures.latency.record_value(microseconds)
    figures.speed.record_value(30)
    breaker = resources.breakers["p"] = Breaker(BreakerSettings(failures=1, recovery=30.0))
    breaker.failed(breaker.admit(trio.current_time()), UpstreamError("down"), trio.current_time())
    topology = compile_topology([Placed("refuses", Lane.REQUEST, Refuses())], max_in_flight=10)
    gateway = Gateway(topology, ServerSettings(), resources)
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        await gateway.serve(gateway.exchange(Request("chat")), Nowhere())
        await trio.testing.wait_all_tasks_blocked()
        yield take_snapshot(gateway)
        nursery.cancel_scope.cancel()


async def test_figures_have_totals_series_hops_and_breakers(snapshot):
    figures = figures_of(snapshot)
    assert (figures["ready"], figures["in_flight"], figures["settled"], figures["lost"]) == (True, 0, 1, 0)
    assert figures["overflowed"] == 5
    assert figures["totals"]["outcomes"] == {"ok": 2, "failed": 1}
    (series,) = figures["series"]
    assert series.items() >= {**LABELS, "requests": 3, "attempts": 4, "input_tokens": 50, "output_tokens": 60}.items()
    assert (series["cost_usd"], series["unpriced"], series["uncounted"]) == (0.00015, 2, 3)
    assert (figures["totals"]["cost_usd"], figures["totals"]["unpriced"]) == (0.00015, 2)
    assert (series["images"], series["characters"], series["audio_seconds"]) == (2, 70, 1.5)
    assert figures["totals"]["audio_seconds"] == 1.5
    assert series["latency_ms"]["count"] == 3
    assert series["latency_ms"]["p99"] == pytest.approx(40, rel=0.01)
    assert series["first_token_ms"] is None
    assert series["tokens_per_s"]["p50"] == 30
    assert figures["hops"][0].items() >= {"name": "refuses", "lane": "request", "refused": 1, "passed": 0}.items()
    breaker = figures["breakers"]["p"]
    assert (breaker["state"], breaker["failures"]) == ("open", 1)
    assert 29 < breaker["retry_after_s"] <= 30


async def test_a_scrape_is_what_prometheus_parses(snapshot):
    text = exposition(snapshot).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families.values()
        for sample in family.samples
    }

    def value(name, **labels):
        return samples[(f"sluicegate_{name}", frozenset(labels.items()))]

    assert all(family.documentation and family.type != "unknown" for family in families.values())
    assert value("ready") == 1
    assert value("overflowed_total") == 5
    assert value("requests_total", **LABELS) == 3
    assert value("cost_usd_total", **LABELS) == 0.00015
    assert value("unpriced_total", **LABELS) == 2
    assert value("uncounted_total", **LABELS) == 3
    assert [value(f"{name}_total", **LABELS) for name in ("images", "characters", "audio_seconds")] == [2, 70, 1.5]
    assert value("outcomes_total", **LABELS, outcome="failed") == 1
    assert value("faults_total", **LABELS, code="upstream_error") == 2
    assert value("request_seconds_count", **LABELS) == 3
    assert value("request_seconds_bucket", **LABELS, le="0.005") == 1
    assert value("request_seconds_bucket", **LABELS, le="0.05") == 3
    assert value("request_seconds_bucket", **LABELS, le="+Inf") == 3
    assert value("request_seconds_sum", **LABELS) == pytest.approx(0.082, rel=0.02)
    assert value("first_token_seconds_count", **LABELS) == 0
    assert value("tokens_per_second_sum", **LABELS) == 30
    assert value("hop_exchanges_total", hop="refuses", lane="request", verdict="refused") == 1
    assert value("hop_depth", hop="refuses", lane="request") == 0
    assert value("breaker_state", provider="p", state="open") == 1
    assert value("breaker_state", provider="p", state="closed") == 0


async def test_a_snapshot_does_not_change_when_the_gateway_goes_on(snapshot, autojump_clock):
    series, figures = snapshot.series[0]
    assert figures.outcomes == {"ok": 2, "failed": 1}
    resources = Resources()
    live = resources.metrics.figures(series)
    topology = compile_topology([Placed("a", Lane.REQUEST, Refuses())], max_in_flight=1)
    gateway = Gateway(topology, ServerSettings(), resources)
    taken = take_snapshot(gateway)
    live.requests += 1
    live.errors["new"] += 1
    assert taken.series[0][1].requests == 0
    assert taken.series[0][1].errors == {}
