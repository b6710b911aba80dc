"""What is told of two configurations."""

import json

from sluicegate.perf.diff import diff
from sluicegate.perf.diff.report import as_values, in_words
from tests.perf.diff.traffic import PROVIDERS, attempt, config, take

OLD = "models: { demo: { targets: [one/a] } }\n"


def changes(new, *takes, old=OLD):
    found = diff(config(old), config(new), takes)
    told = {kind: [(one.old, one.new, one.count, one.takes) for one in each] for kind, each in found.changes.items()}
    return found, told


def demo(number=0, arrival=0.0, **fields):
    return take(number, arrival, model="demo", **fields)


def test_the_same_configuration_changes_nothing():
    found, told = changes(OLD, demo(), demo(1, 1.0))
    assert told == {}
    assert (found.takes, found.played, found.changed, found.any) == (2, 2, 0, False)
    assert found.as_recorded == {"old": 2, "new": 2}


def test_another_plan_is_another_route():
    found, told = changes("models: { demo: { targets: [two/b, one/a] } }\n", demo(), demo(1), take(2))
    assert told == {
        "routes": [("fallback: one/a", "fallback: two/b, one/a", 2, [0, 1])],
        "served": [("one/a", "two/b", 2, [0, 1])],
        "costs": [("one/a", "two/b: of known cost", 2, [0, 1])],
    }
    assert (found.changed, found.any) == (2, True)


PRICED = OLD + 'prices: { one/a: { input: $1/M, output: $2/M, images: "$1" } }\n'


def test_other_prices_are_told_in_total_and_by_who_answered():
    new = OLD + "prices: { one/a: { input: $1/M, output: $4/M, cached: $0.5/M } }\n"
    cached = demo(2, 2.0, usage={"input": 10, "output": 0, "cached": 10})
    found, told = changes(new, demo(), demo(1, 1.0), cached, old=PRICED)
    assert told == {"costs": [("one/a", "one/a: dearer", 2, [0, 1]), ("one/a", "one/a: cheaper", 1, [2])]}
    assert found.cost == {"old": 13_000 + 13_000 + 10_000, "new": 23_000 + 23_000 + 5_000}
    assert found.unpriced == {"old": 0, "new": 0}
    assert found.changed == 3
    assert "  cost: $0.000036 with the old configuration, $0.000051 with the new one" in list(in_words(found))
    assert as_values(found)["cost_usd"] == {"old": 0.000036, "new": 0.000051}


def test_costs_that_are_not_known_are_counted_and_in_no_sum():
    found, told = changes(OLD, demo(), demo(1, 1.0), old=PRICED)
    assert told == {"costs": [("one/a", "one/a: of unknown cost", 2, [0, 1])]}
    assert (found.cost, found.unpriced) == ({"old": 26_000, "new": 0}, {"old": 0, "new": 2})
    words = "  cost: $0.000026 with the old configuration, $0.000000 and 2 requests of unknown cost with the new one"
    assert words in list(in_words(found))


def test_the_same_prices_change_nothing_whatever_they_are():
    found, told = changes(PRICED, demo(), demo(1, 1.0), old=PRICED)
    assert (told, found.any) == ({}, False)


def test_a_refusal_that_is_new_is_told_as_one():
    _, told = changes(OLD + "limit: { requests: [1/min] }\n", demo(), demo(1, 1.0), demo(2, 2.0))
    assert told == {"refusals": [("answered", "429 rate_limit_exceeded", 2, [1, 2])]}


def test_another_reason_to_refuse_is_told():
    old = OLD + "filter: { blocked_words: [hello] }\n"
    _, told = changes(OLD + "filter: { max_input_length: 1 }\n", demo(), old=old)
    assert told == {"refusals": [("400 content_filter", "400 string_above_max_length", 1, [0])]}


def test_a_failure_that_is_new_is_told_as_one():
    providers = PROVIDERS.replace("api_key: k,", "api_key: k, timeout: { total: 500ms },")
    found = diff(config(OLD), config(OLD, providers), [demo(attempts=(attempt(ended=0.75),))])
    assert [(one.old, one.new) for one in found.changes["failures"]] == [("answered", "504 upstream_total_timeout")]


def test_the_cache_is_compared_where_the_ends_are_the_same():
    again = [demo(1, 0.0), demo(1, 10.0)]
    _, told = changes(OLD + "cache: { enabled: false }\n", *again)
    assert told == {"cache": [("miss", "not asked", 1, [0]), ("hit", "not asked", 1, [1])]}


def test_a_key_that_is_gone_is_told_even_if_nothing_else_is():
    keys = "auth: { api_keys: [{ key: k-0123456789abcdef, name: %s }] }\n"
    found, told = changes(OLD + keys % "bob", demo(key="ann"), demo(1, key="ann"), old=OLD + keys % "ann")
    assert told == {"refusals": [("answered", "401 invalid_api_key", 2, [0, 1])]}
    assert found.missing_keys == {"old": {}, "new": {"ann": 2}}
    found, told = changes(OLD, demo(key="ann"), old=OLD + keys % "ann")
    assert told == {}
    assert found.any


def test_answers_are_timed_with_upstreams_and_stages_without():
    found, _ = changes(OLD, *(demo(number, 10.0 * number) for number in range(10)))
    assert found.answers.old == found.answers.new == (1.0, 1.0, 1.0, 1.0)
    assert list(found.stages) == ["validate", "auth", "limit", "filter", "recall", "cache", "route", "call"]
    for latency in (found.pipeline, *found.stages.values()):
        assert 0 < latency.old[0] <= latency.old[-1] < 0.5


def test_the_report_tells_all_of_it_to_people_and_programs():
    keys = "auth: { api_keys: [{ key: k-0123456789abcdef, name: ann }] }\n"
    new = "models: { demo: { targets: [two/b] } }\n"
    found, _ = changes(new, demo(key="ann"), demo(1, body=b""), old=OLD + keys)
    words = "\n".join(in_words(found))
    assert words.startswith("1 of 2 recorded requests asked again; 1 came out differently\n")
    assert "  1 were recorded without their bodies, and cannot be asked again\n" in words
    assert "  key 'ann' is not in the new configuration: 1 requests came with it\n" in words
    assert "\nroutes: another plan: 1\n       1  fallback: one/a -> fallback: two/b  (takes 0)\n" in words
    assert ["answers"] + ["1,000.0"] * 8 in [line.split() for line in words.splitlines()]
    values = json.loads(json.dumps(as_values(found)))
    assert values["changes"]["routes"] == [
        {"old": "fallback: one/a", "new": "fallback: two/b", "count": 1, "takes": [0]}
    ]
    assert values["changes"]["refusals"] == []
    assert values["answers"]["old"] == {"p50": 1.0, "p90": 1.0, "p99": 1.0, "max": 1.0}
    assert values["first_contents"] == {"old": {}, "new": {}}
