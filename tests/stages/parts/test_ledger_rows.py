import pytest

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.errors import ClientGone, NotFound, RateLimited, Unauthorized, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.ledger import Row
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Usage
from sluicegate.stages.parts.account import account
from sluicegate.stages.parts.ledger_rows import MAX_REFUSALS, Refusals, is_recorded, rows_of
from tests.stages.exchanges import answer, asking, attempt, end, looking

OPENAI = Target("openai", "gpt-4o")
AZURE = Target("azure", "gpt-4")
CALLER = Caller(tenant="t", key_id="k1", key_name="ci", user="ada", team="blue")


def rows(exchange, epoch=1_000.0):
    return rows_of(exchange, account(exchange), epoch)


def test_each_attempt_has_a_row_with_its_own_usage_cost_and_times():
    exchange = asking(caller=CALLER, started=100.0)
    exchange.request.label = "my-request"
    exchange.request.tags = ("a", "b")
    attempt(exchange, OPENAI, started=100.0, ended=101.5, error=UpstreamError("it broke"))
    second = attempt(exchange, AZURE, started=102.0, ended=106.0)
    second.usage = Usage(input=9, output=50, cached=3, cache_write=2, reasoning=7, images=1, characters=4, seconds=2.5)
    second.cost = 12_345
    second.first_content = 103.0
    answer(exchange)
    end(exchange, at=107.0)
    same = {"exchange": exchange.id, "at": 1100.0, "label": "my-request", "tenant": "t", "key_id": "k1"}
    same |= {"key_name": "ci", "user": "ada", "team": "blue", "tags": ("a", "b"), "operation": "chat"}
    same |= {"model": "openai/gpt-4o", "outcome": "ok", "status": 200, "whole": 7.0}
    first = {"attempt": 1, "provider": "openai", "served": "gpt-4o", "code": "upstream_error", "cost": 0}
    used = {"input": 9, "output": 50, "cached": 3, "cache_write": 2, "reasoning": 7}
    used |= {"images": 1, "characters": 4, "seconds": 2.5}
    assert rows(exchange) == [
        Row(**same, **first, duration=1.5, last=False),
        Row(**same, **used, attempt=2, provider="azure", served="gpt-4", cost=12_345, first_token=3.0, duration=4.0),
    ]


def test_what_was_used_at_an_unknown_price_has_no_cost():
    exchange = asking()
    attempt(exchange, OPENAI, ended=1.0).usage = Usage(input=1, output=1)
    answer(exchange)
    end(exchange)
    assert rows(exchange)[0].cost is None


def test_an_attempt_that_never_ended_lasted_until_its_exchange_did():
    exchange = asking(started=5.0)
    attempt(exchange, OPENAI, started=6.0)
    end(exchange, State.CANCELLED, at=9.0, error=ClientGone("it left"))
    (row,) = rows(exchange)
    assert (row.duration, row.outcome, row.status, row.code) == (3.0, "cancelled", 499, "client_closed_request")


def test_an_answer_from_the_cache_is_a_row_that_costs_nothing():
    exchange = asking(caller=CALLER)
    exchange.notes |= {"cache": "hit", "provider": "openai", "model": "gpt-4o"}
    exchange.usage = Usage(input=9, output=50)
    answer(exchange)
    end(exchange, at=0.5)
    (row,) = rows(exchange)
    assert (row.attempt, row.cache, row.cost, row.input, row.provider, row.last) == (0, "hit", 0, 0, "openai", True)


def test_a_refusal_is_a_row_with_its_code():
    exchange = asking(caller=CALLER)
    end(exchange, State.FAILED, error=RateLimited("too many"))
    (row,) = rows(exchange)
    assert (row.attempt, row.status, row.code, row.cost) == (0, 429, "rate_limit_exceeded", 0)
    assert is_recorded(exchange, Refusals(), 0.0)


def test_a_refusal_of_somebody_unknown_is_not_recorded():
    exchange = asking()
    end(exchange, State.FAILED, error=Unauthorized("no key"))
    assert not is_recorded(exchange, Refusals(), 0.0)


def test_what_somebody_unknown_asked_a_provider_for_is_recorded():
    exchange = asking()
    attempt(exchange, OPENAI, ended=1.0, error=NotFound("no such model"))
    end(exchange, State.FAILED, error=NotFound("no such model"))
    assert is_recorded(exchange, Refusals(), 0.0)


def test_looking_at_what_is_here_is_not_recorded():
    exchange = looking("models", caller=CALLER)
    end(exchange)
    assert not is_recorded(exchange, Refusals(), 0.0)


def test_so_many_refusals_a_second_are_recorded_and_no_more():
    exchange = asking(caller=CALLER)
    end(exchange, State.FAILED, error=RateLimited("too many"))
    refusals = Refusals()
    recorded = [is_recorded(exchange, refusals, 7.0 + number / 1000) for number in range(MAX_REFUSALS + 50)]
    assert recorded == [True] * MAX_REFUSALS + [False] * 50
    assert is_recorded(exchange, refusals, 8.0)


@pytest.mark.parametrize(("length", "kept"), [(256, 256), (300, 256)])
def test_a_models_name_is_kept_as_far_as_a_row_has_room(length, kept):
    exchange = looking("model", "m" * length)
    end(exchange)
    assert len(rows(exchange)[0].model) == kept
