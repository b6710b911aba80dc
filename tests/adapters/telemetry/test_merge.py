"""The figures of several workers, added up, and carried from one process to another."""

from collections import Counter
from dataclasses import replace

import msgpack
import pytest

from sluicegate.adapters.telemetry.figures import figures_of
from sluicegate.adapters.telemetry.merge import NOTHING, after_its_end, merge
from sluicegate.adapters.telemetry.packing import Changes, Remembered, pack, unpack
from sluicegate.adapters.telemetry.snapshot import COUNTS, BreakerFigures, HopFigures, Snapshot
from sluicegate.pipeline.gauge import Spread
from sluicegate.pipeline.metrics import MAX_CODES, OTHER, Figures, Series

SERIES = Series("chat", "p", "m")


def hop(name, lane, depth, times):
    queue, work = Spread(), Spread()
    for seconds in times:
        queue.record(seconds)
        work.record(seconds * 2)
    counts = {name: at for at, name in enumerate(COUNTS)}
    return HopFigures(name, lane, depth, counts, queue.histogram, work.histogram)


def figures(requests, times):
    made = Figures(requests=requests, attempts=requests + 1, input_tokens=10 * requests, output_tokens=20 * requests)
    made.cost, made.unpriced, made.uncounted = 1000 * requests, requests, requests
    made.images, made.characters, made.audio_seconds = requests, 2 * requests, 0.25 * requests
    made.outcomes, made.errors = Counter(ok=requests), Counter(upstream_error=1)
    made.cache, made.faults = Counter(miss=requests), Counter(upstream_error=2)
    for time in times:
        made.latency.record_value(time)
    made.speed.record_value(30)
    return made


def worker(pid, requests=1, times=(1000,), state="closed", **more):
    return replace(
        NOTHING,
        ready=True,
        in_flight=3,
        overloads=1,
        settled=requests,
        series=((SERIES, figures(requests, times)),),
        hops=(hop("limit", "request", 2, [0.001]), hop("meter", "settle", 0, [0.002, 0.003])),
        breakers={"p": BreakerFigures(state, 4, 1.5, {state: 1})},
        uptime=float(pid),
        workers=(pid,),
        **more,
    )


def merged(*snapshots, max_series=100) -> Snapshot:
    return merge(snapshots, max_series=max_series)


def test_counters_and_gauges_are_sums():
    told = figures_of(merged(worker(1, requests=2), worker(2, requests=5)))
    assert told.items() >= {"in_flight": 6, "overloads": 2, "settled": 7, "overflowed": 0, "uptime_s": 2.0}.items()
    assert told["workers"] == {"pids": [1, 2], "deaths": 0}
    (series,) = told["series"]
    assert (series["requests"], series["attempts"]) == (7, 9)
    assert (series["input_tokens"], series["output_tokens"]) == (70, 140)
    assert (series["cost_usd"], series["unpriced"], series["uncounted"]) == (0.000007, 7, 7)
    assert (series["images"], series["characters"], series["audio_seconds"]) == (7, 14, 1.75)
    assert (series["outcomes"], series["cache"]) == ({"ok": 7}, {"miss": 7})
    assert (series["errors"], series["faults"]) == ({"upstream_error": 2}, {"upstream_error": 4})


def test_percentiles_are_those_of_all_values_together():
    fast, slow = worker(1, times=[1000] * 90), worker(2, times=[100_000] * 10)
    (series,) = figures_of(merged(fast, slow))["series"]
    assert series["latency_ms"]["count"] == 100
    assert series["latency_ms"]["p90"] == pytest.approx(1, rel=0.01)
    assert series["latency_ms"]["p95"] == pytest.approx(100, rel=0.01)
    assert series["first_token_ms"] is None


def test_hops_are_added_by_name_and_lane():
    told = figures_of(merged(worker(1), worker(2)))["hops"]
    assert [(one["name"], one["lane"], one["depth"]) for one in told] == [
        ("limit", "request", 4),
        ("meter", "settle", 0),
    ]
    assert [told[0][name] for name in COUNTS] == [2 * at for at in range(len(COUNTS))]
    assert told[1]["queue_ms"]["count"] == 4
    assert told[1]["work_ms"]["max"] == pytest.approx(6, rel=0.02)


@pytest.mark.parametrize(
    ("states", "worst", "seen"),
    [
        (("closed", "closed"), "closed", {"closed": 2}),
        (("closed", "open"), "open", {"open": 1, "closed": 1}),
        (("half_open", "closed", "closed"), "half_open", {"half_open": 1, "closed": 2}),
        (("half_open", "open", "half_open"), "open", {"open": 1, "half_open": 2}),
    ],
)
def test_a_breaker_is_in_its_worst_state_and_says_how_many_workers_see_which(states, worst, seen):
    breaker = merged(*(worker(pid, state=state) for pid, state in enumerate(states))).breakers["p"]
    assert (breaker.state, breaker.seen) == (worst, seen)


@pytest.mark.parametrize(
    ("flags", "ready", "draining"),
    [
        ([(True, False), (False, False)], True, False),
        ([(True, True), (True, False)], True, False),
        ([(True, True), (True, True)], False, True),
        ([], False, False),
    ],
)
def test_together_they_are_ready_if_one_is_and_drain_if_all_do(flags, ready, draining):
    total = merged(NOTHING, *(replace(worker(1), ready=ready, draining=draining) for ready, draining in flags))
    assert (total.ready, total.draining) == (ready, draining)


def test_what_has_ended_keeps_its_totals_and_nothing_that_was_of_the_moment():
    total = merged(after_its_end(worker(1, requests=4)), worker(2, requests=1))
    assert (total.in_flight, total.settled, total.workers) == (3, 5, (2,))
    assert total.hops[0].depth == 2
    assert total.breakers["p"].seen == {"closed": 1}


def test_a_key_rests_as_long_as_it_does_with_any_worker():
    one, other = {"p": {"1": 5.0}, "q": {}}, {"p": {"1": 9.0, "2": 1.0}, "q": {}}
    total = merged(
        worker(1, resting=one), after_its_end(worker(2, resting={"p": {"3": 60.0}})), worker(3, resting=other)
    )
    assert total.resting == {"p": {"1": 9.0, "2": 1.0}, "q": {}}


def test_series_that_find_no_place_are_counted_under_other():
    many = [(Series("chat", "p", str(at)), figures(1, [1])) for at in range(5)]
    total = merged(replace(worker(1), series=tuple(many)), max_series=3)
    assert [series.model for series, _ in total.series] == ["0", "1", OTHER]
    assert total.series[2][1].requests == 3
    assert total.overflowed == 3


def test_error_codes_stay_bounded():
    one, other = worker(1), worker(2)
    for at, snapshot in enumerate((one, other)):
        snapshot.series[0][1].errors = Counter({f"{at}-{code}": 2 for code in range(MAX_CODES - 1)})
    errors = merged(one, other).series[0][1].errors
    assert len(errors) == MAX_CODES
    assert errors[OTHER] == 2 * (MAX_CODES - 1)


def carried(packed):
    return msgpack.unpackb(msgpack.packb(packed))


def test_a_snapshot_is_the_same_after_the_journey():
    snapshot = merged(worker(1, times=[5, 700, 80_000]), worker(2, state="open"), replace(worker(3), deaths=2))
    assert figures_of(unpack(carried(pack(snapshot)))) == figures_of(snapshot)


def test_nothing_at_all_is_the_same_after_the_journey():
    assert unpack(carried(pack(NOTHING))) == NOTHING


def test_only_what_has_changed_is_sent_and_the_rest_is_remembered():
    other = Series("chat", "p", "other")
    still, live = figures(1, [5]), figures(1, [5])
    before = replace(worker(1), series=((SERIES, live), (other, still)))
    changes, remembered = Changes(), Remembered()
    assert remembered.packed() is None
    remembered.take(carried(changes.pack(before)))
    live.requests += 1
    live.latency.record_value(9000)
    after = replace(before, in_flight=0, hops=(before.hops[0], hop("meter", "settle", 1, [1.0])))
    sent = carried(changes.pack(after))
    assert [labels for labels, _ in sent["series"]] == [list(SERIES)]
    assert [key for key, _ in sent["hops"]] == [["meter", "settle"]]
    held = remembered.packed()
    remembered.take(sent)
    assert figures_of(unpack(carried(remembered.packed()))) == figures_of(after)
    assert figures_of(unpack(carried(held)))["totals"]["requests"] == 2


def test_the_same_changes_twice_count_once():
    remembered = Remembered()
    for _ in range(2):
        remembered.take(carried(pack(worker(1, requests=3))))
    assert unpack(carried(remembered.packed())).series[0][1].requests == 3
