"""Limits on tokens: reserved before, settled with what was used."""

import pytest

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.caller import Allowance, Subject
from sluicegate.pipeline.config.kinds import Rate
from sluicegate.pipeline.config.limit_sections import RateLimitSettings
from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.heavy import LARGE
from sluicegate.pipeline.life import State
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import Window, at_once
from sluicegate.stages.limit import Limit
from tests.stages.exchanges import answer, asking, attempt, end, looking
from tests.stages.limiting import TARGET, Hand, admitted, key, limit_of, refusal_of, used

CI = key()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Hand())


def left(store: MemoryStore, limit: int = 1000, whose: str = "key:ci", what: str = "tokens") -> int:
    """What is left of a window of a minute, by a hit of nothing."""
    admission = at_once(store.hit([Window(f"limit:{what}:{{{whose}}}", limit, 60.0)], 0))
    return (admission.refused_by or admission.standings[0]).remaining


def asked_by(stage: Limit, store: MemoryStore) -> int:
    """Tokens that the question of `asking` is estimated at."""
    before = left(store)
    exchange = admitted(stage, CI, max_tokens=1)
    taken = before - left(store) - 1
    end(exchange)
    return taken


def test_question_and_answer_are_reserved_and_what_was_used_takes_their_place(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"]})
    exchange = admitted(stage, CI, max_tokens=100)
    reserved = 1000 - left(store)
    assert 100 < reserved < 110
    used(exchange, 30, output=12)
    answer(exchange)
    end(exchange)
    assert left(store) == 1000 - 42


def test_what_was_used_beyond_the_reserve_counts_too(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"]})
    exchange = admitted(stage, CI, max_tokens=10)
    used(exchange, 5000)
    end(exchange)
    refusal, _ = refusal_of(stage, CI, max_tokens=10)
    assert refusal.message.startswith("key 'ci' has used its 1000 tokens per minute; try again in ")
    assert refusal.code == "rate_limit_exceeded"


def test_one_huge_request_cannot_slip_past(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["100000/min"]})
    huge = [{"role": "user", "content": "word " * 160_000}]
    exchange = asking(caller=CI, messages=huge)
    assert stage.judge(exchange) is Verdict.WAIT  # it takes a thread to count
    refusal, _ = refusal_of(stage, CI, max_tokens=200_000)
    assert (refusal.status, refusal.code, refusal.retry_after) == (429, "request_exceeds_limit", None)
    assert "this request may take 20000" in refusal.message
    assert "key 'ci' may use 100000 tokens per minute" in refusal.message


async def test_a_large_request_is_counted_in_a_thread(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000000/min"], "reserve": 0})
    exchange = asking(caller=CI, messages=[{"role": "user", "content": "a" * LARGE * 2}])
    assert stage.judge(exchange) is Verdict.WAIT
    assert await stage.attend(exchange) is Verdict.PASS
    assert 1_000_000 - left(store, 1_000_000) == pytest.approx(LARGE / 2, abs=10)


def test_an_answer_without_a_limit_reserves_what_is_configured(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"], "reserve": 500})
    asked = asked_by(stage, store)
    admitted(stage, CI)
    assert left(store) == 500 - asked
    refusal, exchange = refusal_of(stage, CI)
    assert f"key 'ci' has {500 - asked} tokens left of its 1000 tokens per minute" in refusal.message
    assert f"this request may take {500 + asked} tokens; try again in 1 min" in refusal.message
    assert ("x-ratelimit-remaining-tokens", str(500 - asked)) in exchange.headers


def test_a_refused_request_burns_nothing_of_any_window(store: MemoryStore) -> None:
    stage = limit_of(store, {"requests": ["10/min"], "tokens": ["1000/min"]})
    for _ in range(5):
        refusal_of(stage, CI, max_tokens=1001)
    assert left(store) == 1000
    assert left(store, 10, what="requests") == 10


@pytest.mark.parametrize("error", [InvalidRequest("refused by a later stage"), UpstreamError("down")])
def test_what_called_nobody_is_given_back_wholly(store: MemoryStore, error: Exception) -> None:
    stage = limit_of(store, {"requests": ["10/min"], "tokens": ["1000/min"]})
    end(admitted(stage, CI, max_tokens=500), State.FAILED, error=error)  # type: ignore[arg-type]
    assert (left(store), left(store, 10, what="requests")) == (1000, 10)


def test_an_answer_from_the_cache_is_a_request_and_takes_no_tokens(store: MemoryStore) -> None:
    stage = limit_of(store, {"requests": ["10/min"], "tokens": ["1000/min"]})
    exchange = admitted(stage, CI, max_tokens=500)
    exchange.notes["cache"] = "hit"
    answer(exchange)
    end(exchange)
    assert (left(store), left(store, 10, what="requests")) == (1000, 9)


def test_failed_calls_count_what_they_used_before_the_one_that_answers(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"]})
    exchange = admitted(stage, CI, max_tokens=500)
    used(exchange, 40, error=UpstreamError("cut"))
    attempt(exchange, TARGET, ended=1.0, error=UpstreamError("500"))
    used(exchange, 7)
    end(exchange)
    assert left(store) == 1000 - 47


def test_a_stream_that_was_cut_counts_as_far_as_it_came(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"]})
    exchange = admitted(stage, CI, max_tokens=800)
    exchange.first_content = 0.5
    used(exchange, 10, output=3)
    end(exchange, State.CANCELLED)
    assert left(store) == 1000 - 13


def test_whoever_hangs_up_before_a_word_was_said_has_used_the_question(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"]})
    asked = asked_by(stage, store)
    exchange = admitted(stage, CI, max_tokens=800)
    attempt(exchange, TARGET, ended=1.0)
    end(exchange, State.CANCELLED)
    assert asked > 0
    assert left(store) == 1000 - asked


def test_looking_at_models_needs_no_tokens_even_if_none_are_left(store: MemoryStore) -> None:
    stage = limit_of(store, {"tokens": ["1000/min"]})
    exchange = admitted(stage, CI, max_tokens=10)
    used(exchange, 5000)
    end(exchange)
    assert stage.judge(looking("models", caller=CI)) is Verdict.PASS
    assert stage.judge(looking("model", "m", caller=CI)) is Verdict.PASS


def test_key_user_and_team_are_counted_in_one_step_and_all_of_them_hold(store: MemoryStore) -> None:
    user, team = Subject("user", "u1", "ann"), Subject("team", "t1", "red")
    stage = limit_of(store, {"user": {"requests": ["3/min"]}, "team": {"requests": ["4/min"]}})
    one, two = key("one", user=user, team=team), key("two", user=user, team=team)
    other = key("three", team=team)
    for caller in (one, two, one):
        admitted(stage, caller)
    refusal, exchange = refusal_of(stage, two)
    assert refusal.message.startswith("user 'ann' has used its 3 requests per minute")
    assert ("x-ratelimit-limit-requests", "3") in exchange.headers
    admitted(stage, other)
    refusal, _ = refusal_of(stage, other)
    assert refusal.message.startswith("team 'red' has used its 4 requests per minute")


def test_a_users_own_limits_take_the_place_of_the_general_ones_one_by_one(store: MemoryStore) -> None:
    stage = limit_of(store, {"user": {"requests": ["1/min"], "tokens": ["1000/min"]}})
    caller = key(user=Subject("user", "u1", "ann", Allowance(requests=((2, 60.0),))))
    admitted(stage, caller, max_tokens=10)
    admitted(stage, caller, max_tokens=10)
    assert "its 2 requests" in refusal_of(stage, caller, max_tokens=10)[0].message
    assert left(store, whose="user:u1") < 1000


def test_a_model_has_a_limit_of_its_own_for_all_callers(store: MemoryStore) -> None:
    smart = ModelSettings(targets=("openai/gpt-4o",), rate_limit=RateLimitSettings(requests=(Rate(2, 60.0),)))
    stage = limit_of(store, {}, models={"smart": smart})
    admitted(stage, key("a"), model="smart")
    admitted(stage, key("b"), model="smart")
    refusal, _ = refusal_of(stage, key("c"), model="smart")
    assert refusal.message.startswith("model 'smart' has used its 2 requests per minute")
    admitted(stage, key("c"))
    assert stage.judge(looking("model", "smart", caller=key("c"))) is Verdict.PASS


def test_the_tightest_window_of_tokens_is_told_beside_that_of_requests(store: MemoryStore) -> None:
    stage = limit_of(store, {"requests": ["10/min"], "tokens": ["1000/min", "1500/h"], "reserve": 100})
    exchange = admitted(stage, CI, max_tokens=90)
    headers = dict(exchange.headers)
    assert headers["x-ratelimit-limit-requests"] == "10"
    assert headers["x-ratelimit-limit-tokens"] == "1000"
    assert int(headers["x-ratelimit-remaining-tokens"]) == left(store)
    assert headers["x-ratelimit-reset-tokens"] == "2m0s"


def test_callers_of_anthropics_api_are_told_in_its_words_too(store: MemoryStore) -> None:
    stage = limit_of(store, {"requests": ["10/min"]})
    exchange = asking(caller=CI, dialect="anthropic")
    stage.judge(exchange)
    headers = dict(exchange.headers)
    assert headers["anthropic-ratelimit-requests-limit"] == headers["x-ratelimit-limit-requests"] == "10"
    assert headers["anthropic-ratelimit-requests-remaining"] == "9"
    assert headers["anthropic-ratelimit-requests-reset"] == "2026-09-24T12:02:00Z"
