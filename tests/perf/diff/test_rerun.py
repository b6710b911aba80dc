"""Recorded requests, asked again: with the recorded upstreams, at the recorded times, by the recorded callers."""

import socket

import pytest

from sluicegate.adapters.stores.cassette import read_cassette
from sluicegate.perf.diff.clock import SkippingClock, WorkingClock
from sluicegate.perf.diff.rerun import playable, rerun
from sluicegate.perf.diff.tape import Tape
from sluicegate.perf.shelf import find_cassette
from sluicegate.pipeline.take import Take
from tests.perf.diff.traffic import attempt, chunks, config, take

PLAIN = "models: { demo: { targets: [one/a, two/b] } }\n"


def run(text, *takes):
    return rerun(config(text), Tape(takes), SkippingClock(), day=0.0)


def test_a_plain_answer_takes_what_it_took():
    (result,) = run(PLAIN, take())
    assert (result.outcome, result.status, result.code, result.asked) == ("ok", 200, None, True)
    assert (result.plan, result.served, result.cache) == ("single: one/a", "one/a", "miss")
    assert (result.duration, result.first) == (1.0, None)
    assert result.stages == dict.fromkeys(
        ["validate", "auth", "limit", "filter", "recall", "cache", "route", "call"], 0.0
    )


def test_a_stream_comes_as_it_came():
    streamed = take(stream=True, attempts=(attempt(first=0.5, ended=2.0),), chunks=chunks(0.5, 1.0, 2.0), duration=2.0)
    (result,) = run(PLAIN, streamed)
    assert (result.outcome, result.first, result.duration) == ("ok", 0.5, 2.0)


def test_failures_fail_again_and_the_next_target_takes_over():
    tried = (attempt(ended=0.5, code="upstream_error"), attempt("two/b", 0.5, ended=2.0))
    (result,) = run(PLAIN, take(model="demo", attempts=tried, duration=2.0))
    assert (result.outcome, result.served, result.duration) == ("ok", "two/b", 2.0)


def test_each_attempt_is_played_in_its_turn():
    providers = "providers: { one: { type: openai, api_key: k, max_retries: 1, retry_delay: 0s } }\n"
    tried = (attempt(ended=0.25, code="upstream_error"), attempt(started=0.25, ended=1.0))
    (result,) = rerun(config("", providers), Tape([take(attempts=tried)]), SkippingClock(), day=0.0)
    assert (result.outcome, result.duration) == ("ok", 1.0)


@pytest.mark.parametrize(
    ("code", "status", "wanted"),
    [
        ("rate_limit_exceeded", 429, (429, "rate_limit_exceeded")),
        ("upstream_auth_error", 502, (502, "upstream_auth_error")),
        ("context_length_exceeded", 400, (400, "context_length_exceeded")),
        ("server_on_fire", 503, (503, "server_on_fire")),
    ],
)
def test_an_upstreams_error_is_what_it_was(code, status, wanted):
    failed = take(attempts=(attempt(code=code),), outcome="failed", status=status, code=code)
    (result,) = run(PLAIN, failed)
    assert (result.status, result.code) == wanted


def test_a_stream_that_was_cut_is_cut():
    cut = take(
        stream=True,
        attempts=(attempt(first=0.5, ended=1.5, code="stream_interrupted"),),
        chunks=chunks(0.5, 1.0),
        outcome="failed",
        code="stream_interrupted",
        duration=1.5,
    )
    (result,) = run(PLAIN, cut)
    assert (result.outcome, result.code, result.first, result.duration) == ("failed", "stream_interrupted", 0.5, 1.5)


@pytest.mark.parametrize("seconds", [2.0, 20.0])
def test_an_upstream_that_was_silent_is_silent_until_this_configurations_timeout(seconds):
    providers = (
        f"providers: {{ one: {{ type: openai, api_key: k, timeout: {{ total: {seconds:g}s }}, max_retries: 0 }} }}\n"
    )
    silent = take(attempts=(attempt(ended=9.0, code="upstream_total_timeout"),), outcome="failed", status=504)
    (result,) = rerun(config("", providers), Tape([silent]), SkippingClock(), day=0.0)
    assert (result.code, result.duration) == ("upstream_total_timeout", seconds)


def test_a_target_that_was_never_asked_answers_as_the_one_that_was():
    (result,) = run("models: { demo: { targets: [two/b] } }\n", take(model="demo", attempts=(attempt(ended=0.75),)))
    assert (result.served, result.duration) == ("two/b", 0.75)


def test_where_none_answered_it_takes_as_long_as_usual():
    others = [take(number, attempts=(attempt(ended=ended),)) for number, ended in enumerate((0.5, 2.0, 9.0))]
    hit = take(9, 20.0, attempts=(), notes={"cache": "hit"}, duration=0.0)
    assert run(PLAIN, *others, hit)[3].duration == 2.0


def test_a_caller_who_left_leaves_again():
    left = take(attempts=(attempt(ended=0.5),), outcome="cancelled", status=499, duration=0.5)
    (result,) = run(PLAIN, left)
    assert (result.outcome, result.status, result.duration) == ("cancelled", 499, 0.5)


def test_a_callers_deadline_holds():
    (result,) = run(PLAIN, take(headers={"x-sluicegate-timeout": "0.25"}))
    assert (result.status, result.code, result.duration) == (504, "deadline_exceeded", 0.25)


def test_limits_mean_the_same_at_the_recorded_times():
    takes = [take(number, arrival) for number, arrival in enumerate((0.0, 10.0, 20.0, 90.0, 4000.0, 4000.0, 4000.0))]
    results = run(PLAIN + "limit: { requests: [2/min] }\n", *takes)
    assert [result.status for result in results] == [200, 200, 429, 200, 200, 200, 429]


def test_what_arrived_first_is_asked_first_whatever_the_order_of_their_ends():
    results = run(PLAIN + "limit: { requests: [1/h] }\n", take(1, 5.0), take(2, -1.0))
    assert [result.status for result in results] == [429, 200]


def test_callers_come_with_the_key_of_their_name():
    keys = "auth: { api_keys: [{ key: k-ann-0123456789, name: ann, allowed_models: [two/*] }] }\n"
    results = run(keys, take(1, key="ann"), take(2, key="bob"), take(3, model="two/b", key="ann"))
    assert [(result.status, result.code) for result in results] == [
        (403, "model_not_allowed"),
        (401, "invalid_api_key"),
        (200, None),
    ]


def test_the_same_question_is_a_hit_and_the_cache_has_its_time():
    again = [take(1, 0.0), take(1, 10.0), take(1, 100.0)]
    results = run("cache: { ttl: 50s }\n", *again)
    assert [result.cache for result in results] == ["miss", "hit", "miss"]


def test_what_was_recorded_without_its_body_is_left_out():
    empty = take(body=b"")
    assert run(PLAIN, empty, take()) == [None, run(PLAIN, take())[0]]


@pytest.mark.parametrize("operation", ["transcription", "files", "proxy"])
def test_what_was_recorded_without_its_files_is_left_out(operation):
    assert not playable(Take(arrival=0.0, operation=operation, body=b'{"model":"m"}'))
    assert playable(Take(arrival=0.0, operation="chat", body=b'{"model":"m"}'))


def test_lists_of_models_are_asked_for_too():
    results = run(PLAIN, Take(0.0, "models"), Take(1.0, "model", model="nobody"))
    assert [result.status for result in results] == [200, 404]


def test_nothing_is_recorded_and_no_socket_is_opened(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was connected")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    text = f"pipeline: [record, validate, route, call]\nrecord: {{ path: '{tmp_path}/there' }}\n"
    (result,) = run(text, take())
    assert result.status == 200
    assert list(tmp_path.iterdir()) == []


def test_large_bodies_are_read_in_threads_and_time_does_not_run_away():
    takes = list(read_cassette(find_cassette("long_prompts")))[:3]
    text = "models: { demo: { targets: [two/b] } }\nfilter: { max_input_length: 1000000 }\n"
    results = rerun(config(text), Tape(takes), SkippingClock(), day=0.0)
    assert [result.status for result in results] == [200] * 3
    assert [round(result.duration - one.duration, 2) for result, one in zip(results, takes, strict=True)] == [0.0] * 3


def test_twice_the_same_gives_twice_the_same():
    takes = list(read_cassette(find_cassette("chat")))
    text = "models: { demo: { targets: [two/b] } }\nlimit: { requests: [20/10s] }\n"
    first, second = (rerun(config(text), Tape(takes), SkippingClock(), day=0.0) for _ in range(2))
    assert first == second
    assert {result.status for result in first} == {200, 429}


def test_work_is_measured_by_the_clock_that_runs():
    (result,) = rerun(config(PLAIN), Tape([take()]), WorkingClock(), day=0.0)
    assert 0.0 < sum(result.stages.values()) <= result.pipeline < 0.5
    assert 1.0 < result.duration < 2.0
