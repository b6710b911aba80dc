"""When a target is asked again, and what the client is told when nothing helped."""

import math
from random import Random

import pytest

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.life import State
from sluicegate.pipeline.retry import backoff
from sluicegate.stages.call import CallSettings
from sluicegate.testing import ScriptedTransport

from .calling import SEED, calling, good_stream, refusal, script, streamed, texts, whole, word

HANG = math.inf


def jitter(*attempts: int) -> list[float]:
    """The pauses that a gateway of these tests draws, in order."""
    random = Random(SEED)
    return [backoff(attempt, 0.5, random) for attempt in attempts]


def times(transport: ScriptedTransport) -> list[float]:
    return [at for at, _ in transport.requests]


async def test_a_target_that_fails_quickly_is_asked_again_with_full_jitter(autojump_clock):
    first, second = script(refusal(500), refusal(500), refusal(500)), script(whole())
    async with calling(first, second, max_retries=2) as bench:
        exchange, _ = await bench.plain()
    one, two = jitter(1, 2)
    assert times(first) == pytest.approx([0.0, one, one + two], abs=1e-12)
    assert times(second) == times(first)[2:]
    assert exchange.outcome is State.OK
    assert len(exchange.attempts) == 4


async def test_a_repetition_that_answers_ends_the_walk(autojump_clock):
    first, second = script(refusal(500), good_stream()), script()
    async with calling(first, second, max_retries=2) as bench:
        exchange, outlet = await bench.stream()
    assert texts(outlet) == "fine"
    assert [each.target.provider for each in exchange.attempts] == ["a", "a"]


@pytest.mark.parametrize("status", [400, 401, 402, 404, 422])
async def test_what_cannot_get_better_is_not_asked_again(autojump_clock, status):
    upstream = script(refusal(status))
    async with calling(upstream, max_retries=5) as bench:
        await bench.plain()
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(("status", "headers"), [(429, {"retry_after": "2"}), (429, {}), (503, {"retry_after": "2"})])
async def test_a_target_that_asks_for_patience_is_left_for_the_next_at_once(autojump_clock, status, headers):
    first, second = script(refusal(status, **headers)), script(whole())
    async with calling(first, second, max_retries=2) as bench:
        await bench.plain()
    assert times(first) == times(second) == [0.0]


@pytest.mark.parametrize(
    ("status", "headers", "asked"),
    [
        (429, {"retry_after": "3"}, 3.0),
        (429, {"retry_after": "3", "retry_after_ms": "1500"}, 1.5),
        (503, {"retry_after": "3"}, 3.0),
        (429, {"retry_after": "soon"}, 0.0),
        (429, {"retry_after": "-5"}, 0.0),
        (429, {}, 0.0),
    ],
)
async def test_where_no_other_target_answers_what_was_asked_for_is_waited_and_jitter_on_top(
    autojump_clock, status, headers, asked
):
    upstream = script(refusal(status, **headers), whole())
    async with calling(upstream, max_retries=1) as bench:
        exchange, _ = await bench.plain()
    assert exchange.outcome is State.OK
    assert times(upstream) == [0.0, asked + jitter(1)[0]]


async def test_of_several_that_ask_for_patience_the_soonest_is_asked_again(autojump_clock):
    first = script(refusal(429, retry_after="20"))
    second = script(refusal(429, retry_after="5"), refusal(429, retry_after="5"), whole())
    async with calling(first, second, max_retries=2) as bench:
        exchange, _ = await bench.plain()
    assert [each.target.provider for each in exchange.attempts] == ["a", "b", "b", "b"]
    _, one, two = jitter(1, 1, 2)
    assert times(second) == pytest.approx([0.0, 5.0 + one, 10.0 + one + two], abs=1e-12)


async def test_a_silent_target_is_asked_again_when_the_others_have_failed(autojump_clock):
    first, second = script(streamed(wait=HANG), good_stream()), script(refusal(401))
    async with calling(first, second, timeout={"first_token": 5.0}, max_retries=1) as bench:
        exchange, outlet = await bench.stream()
    assert texts(outlet) == "fine"
    assert [each.started for each in exchange.attempts] == [0.0, 5.0, 5.0 + jitter(1)[0]]


@pytest.mark.parametrize(("limit", "name"), [({"total": 9.0}, "total"), ({"response": 9.0}, "response")])
async def test_an_answer_that_takes_too_long_is_not_asked_for_again(autojump_clock, limit, name):
    upstream = script(whole(wait=HANG))
    async with calling(upstream, timeout=limit, max_retries=5) as bench:
        _, outlet = await bench.plain()
    assert outlet.written == [(9.0, f"open:upstream_{name}_timeout")]


@pytest.mark.parametrize(
    ("deadline", "retry_after"), [(10.0, "10"), (10.0, "9.99"), (600.0, "61"), (600.0, "99999999999")]
)
async def test_a_wait_that_is_too_long_is_not_begun(autojump_clock, deadline, retry_after):
    upstream = script(refusal(429, retry_after=retry_after))
    async with calling(upstream, deadline=deadline, max_retries=5) as bench:
        exchange, outlet = await bench.plain()
    assert outlet.written == [(0.0, "open:rate_limit_exceeded")]
    assert (exchange.failure.status, exchange.failure.retry_after) == (429, float(retry_after))


async def test_a_pause_never_reaches_beyond_the_deadline(autojump_clock):
    upstream = script(*[refusal(500) for _ in range(99)])
    async with calling(upstream, deadline=3.0, max_retries=10, failures=99, retry_delay=2.0) as bench:
        exchange, outlet = await bench.plain()
    ((when, what),) = outlet.written
    assert what == "open:upstream_error"
    assert when == times(upstream)[-1] < 3.0
    assert exchange.failure.status == 502


async def test_a_failing_provider_gets_its_budget_of_repetitions_and_no_more(autojump_clock):
    """The reserve is 10; each of 100 calls adds a fifth; no time passes between them."""
    upstream = script(*[refusal(500) for _ in range(999)])
    async with calling(upstream, max_retries=3, retry_delay=0.0, failures=10_000) as bench:
        for _ in range(100):
            await bench.plain()
    assert len(upstream.requests) == 100 + 10 + 20 - 1  # the first call found the reserve full


async def test_a_budget_of_nothing_means_no_repetitions(autojump_clock):
    upstream = script(refusal(500))
    async with calling(upstream, max_retries=3, call=CallSettings(retry_budget=0.0)) as bench:
        await bench.plain()
    assert len(upstream.requests) == 1


async def test_a_target_left_for_others_takes_nothing_of_the_budget(autojump_clock):
    first = script(*[refusal(429) for _ in range(50)], refusal(500), whole())
    async with calling(first, script(*[whole() for _ in range(50)]), max_retries=1) as bench:
        for _ in range(50):
            await bench.plain()
        await bench.plain()
    assert len(first.requests) == 52


async def test_one_target_alone_tells_its_own_error(autojump_clock):
    async with calling(script(refusal(500, "it broke"))) as bench:
        exchange, _ = await bench.plain()
    assert exchange.failure is exchange.attempts[0].error
    assert exchange.failure.message == "provider 'a' answered 500: it broke"


async def test_a_connection_that_failed_is_told_with_the_providers_name_and_its_cause(autojump_clock):
    error = UpstreamError("no connection to a.test: refused")
    error.__cause__ = cause = OSError("refused")
    for transports in ([script(error)], [script(error), script(refusal(401))]):
        async with calling(*transports) as bench:
            exchange, _ = await bench.plain()
        assert str(exchange.failure).startswith("provider 'a': no connection to a.test: refused")
        assert exchange.failure.__cause__ is cause


@pytest.mark.parametrize(
    ("answers", "status", "code", "retry_after", "message"),
    [
        (
            (refusal(500, "one"), refusal(500, "two")),
            502,
            "upstream_error",
            None,
            "provider 'b' answered 500: two; no answer from the other targets either: a/model (upstream_error)",
        ),
        (
            (refusal(429, "wait", retry_after="20"), refusal(401)),
            429,
            "rate_limit_exceeded",
            20.0,
            "provider 'a' answered 429: wait; no answer from the other targets either: b/model (upstream_auth_error)",
        ),
        (
            (refusal(429, "one", retry_after="20"), refusal(429, "two", retry_after="30")),
            429,
            "rate_limit_exceeded",
            20.0,
            "provider 'b' answered 429: two; no answer from the other targets either: a/model (rate_limit_exceeded)",
        ),
        (
            (refusal(401), refusal(403)),
            502,
            "upstream_auth_error",
            None,
            "provider 'b' did not accept the gateway's key (403); no answer from the other targets either: "
            "a/model (upstream_auth_error)",
        ),
        (
            (refusal(429, "wait", retry_after="20"), refusal(500, "two")),
            502,
            "upstream_error",
            None,
            "provider 'b' answered 500: two; no answer from the other targets either: a/model (rate_limit_exceeded)",
        ),
    ],
    ids=["last", "the one with hope", "soonest of all", "no hope", "server error needs no patience"],
)
async def test_all_targets_failed_tells_the_most_telling_error(
    autojump_clock, answers, status, code, retry_after, message
):
    async with calling(*(script(answer) for answer in answers)) as bench:
        exchange, outlet = await bench.plain()
    told = exchange.failure
    assert (told.status, told.code, told.retry_after, told.message) == (status, code, retry_after, message)
    assert outlet.texts == [f"open:{code}"]
    assert all(row.error is not None and "other targets" not in row.error.message for row in exchange.attempts)
    assert "provider" not in exchange.notes


async def test_a_committed_repetition_is_not_asked_again(autojump_clock):
    upstream = script(refusal(500), streamed((0.0, word("a"))))
    async with calling(upstream, script(), max_retries=5) as bench:
        _, outlet = await bench.stream()
    assert outlet.texts[-1] == "close:stream_interrupted"
    assert len(upstream.requests) == 2
