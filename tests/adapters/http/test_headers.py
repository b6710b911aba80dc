import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.http import headers
from sluicegate.pipeline.errors import (
    DeadlineExceeded,
    InvalidRequest,
    Overloaded,
    RateLimited,
    StageCrashed,
    UpstreamBusy,
    UpstreamError,
)
from sluicegate.pipeline.exchange import Attempt, Exchange, Mark, Target
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.request import Request
from sluicegate.stages.parts.cache_entry import Replay


@pytest.mark.parametrize("given_label", ["a", "x" * 128, "trace/1:~!"])
def test_a_label_of_visible_ascii_is_kept(given_label):
    assert headers.label_of(given_label) == given_label


@pytest.mark.parametrize("given_label", ["", "x" * 129, "a b", "a\nb", "a\x7f", "é"])
def test_any_other_label_is_replaced_by_a_new_one(given_label):
    made = headers.label_of(given_label)
    assert re.fullmatch(r"req_[0-9a-f]{24}", made)
    assert made != headers.label_of(given_label)


@pytest.mark.parametrize(
    ("value", "seconds"), [("30s", 30.0), ("250ms", 0.25), ("2min", 120.0), ("1.5", 1.5), (" 7 ", 7.0), ("1h", 3600.0)]
)
def test_a_timeout_is_a_duration_or_plain_seconds(value, seconds):
    assert headers.timeout_of({"x-sluicegate-timeout": value}) == seconds


@pytest.mark.parametrize("value", ["", "0", "0s", "-1", "nan", "inf", "1e3", "5 s", "soon", "9" * 40, "1,5"])
def test_any_other_timeout_is_refused_by_name(value):
    with pytest.raises(InvalidRequest, match="x-sluicegate-timeout") as refused:
        headers.timeout_of({"x-sluicegate-timeout": value})
    assert refused.value.param == "x-sluicegate-timeout"


def test_without_the_header_there_is_no_timeout():
    assert headers.timeout_of({}) is None


@given(st.text(), st.text())
def test_no_header_can_split_a_head(name, value):
    for encoded in headers.encoded([(name, value)])[0]:
        assert re.fullmatch(rb"[\x20-\x7e]*", encoded)


def test_server_timing_has_a_mark_a_stage_in_milliseconds():
    marks = [Mark("validate", 1.0, 1.0, 1.0125), Mark("my stage", 1.0, 2.0, 2.5)]
    assert headers.server_timing(marks) == b"validate;dur=12.500, my-stage;dur=500.000"


def test_a_reply_tells_who_served_it():
    exchange = Exchange(Request("chat", label="mine"), deadline=9.0, started=0.0)
    exchange.notes = {"provider": "openai", "model": "gpt\r\n-4", "cache": "miss"}
    exchange.attempts = [Attempt(Target("a", "b"), 0.0), Attempt(Target("openai", "gpt-4"), 1.0)]
    exchange.headers = [("x-ratelimit-limit-requests", "10")]
    exchange.marks = [Mark("call", 0.0, 0.0, 0.001)]
    assert dict(headers.of_exchange(exchange)) == {
        b"x-request-id": b"mine",
        b"request-id": b"mine",
        b"x-sluicegate-provider": b"openai",
        b"x-sluicegate-model": b"gpt??-4",
        b"x-sluicegate-cache": b"miss",
        b"x-sluicegate-attempts": b"2",
        b"x-ratelimit-limit-requests": b"10",
        b"server-timing": b"call;dur=1.000",
    }


def told_cost(*costs: int | None, reply: Reply | None = None, cache: str = "miss", error: bool = False) -> bytes | None:
    exchange = Exchange(Request("chat"), deadline=9.0, started=0.0)
    exchange.notes["cache"] = cache
    exchange.reply = reply if reply is not None else Reply(body=b"{}")
    exchange.error = UpstreamError("down") if error else None
    exchange.attempts = [Attempt(Target("a", "b"), 0.0, usage=Usage(input=1), cost=cost) for cost in costs]
    return dict(headers.of_exchange(exchange)).get(b"x-sluicegate-cost-usd")


def test_a_plain_reply_tells_what_all_of_its_calls_have_cost():
    assert told_cost(150_000) == b"0.00015"
    assert told_cost(1, 2_000_000_000) == b"2.000000001"
    assert told_cost(0) == b"0"


def test_a_cost_that_is_not_known_is_not_told():
    assert told_cost(None) is None
    assert told_cost(150_000, None) is None


def test_an_answer_from_the_cache_costs_nothing():
    assert told_cost(cache="hit") == b"0"


@pytest.mark.parametrize("given", [{"error": True}, {"reply": Reply(stream=Replay(()))}], ids=["error", "stream"])
def test_the_head_of_what_has_no_cost_yet_tells_none(given):
    assert told_cost(150_000, **given) is None


def test_a_reply_without_any_call_tells_no_cost():
    assert told_cost() is None


@pytest.mark.parametrize(
    ("error", "attempted", "expected"),
    [
        (RateLimited("slow", retry_after=2.5), False, {b"retry-after": b"3", b"retry-after-ms": b"2500"}),
        (RateLimited("slow"), False, {b"retry-after": b"1", b"retry-after-ms": b"1000"}),
        (Overloaded("full", retry_after=0.0), False, {b"retry-after": b"1", b"retry-after-ms": b"1"}),
        (UpstreamBusy("busy", retry_after=7.0), True, {b"retry-after": b"7", b"retry-after-ms": b"7000"}),
        (
            UpstreamBusy("busy"),
            True,
            {b"retry-after": b"1", b"retry-after-ms": b"1000", b"x-should-retry": b"false"},
        ),
        (UpstreamBusy("open breaker"), False, {b"retry-after": b"1", b"retry-after-ms": b"1000"}),
        (UpstreamError("down"), True, {b"x-should-retry": b"false"}),
        (InvalidRequest("no"), False, {b"x-should-retry": b"false"}),
        (DeadlineExceeded("late"), True, {}),
        (StageCrashed("bug"), True, {}),
        (
            RateLimited("spent", code="budget_exceeded", retry_after=60.0),
            False,
            {b"retry-after": b"60", b"retry-after-ms": b"60000", b"x-should-retry": b"false"},
        ),
    ],
)
def test_an_error_tells_whether_and_when_to_ask_again(error, attempted, expected):
    assert dict(headers.of_error(error, attempted=attempted)) == expected
