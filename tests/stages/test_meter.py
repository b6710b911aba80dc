"""What is counted and logged of exchanges that have ended."""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.errors import ClientGone, NotFound, StreamInterrupted, UpstreamError, UpstreamTimeout
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.ledger import NoLedger, Row
from sluicegate.pipeline.life import State
from sluicegate.pipeline.metrics import Figures, Metrics, Series
from sluicegate.pipeline.registry import NoSettings
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.stages.meter import Meter
from sluicegate.stages.parts.cache_entry import Replay
from tests.stages.exchanges import answer, asking, attempt, end, looking, provider

OPENAI = Target("openai", "gpt-4o")
AZURE = Target("azure", "gpt-4")


class Metered:
    """A meter with what it writes to."""

    def __init__(self, metrics: Metrics | None = None) -> None:
        self.lines: list[dict[str, Any]] = []
        self.metrics = metrics or Metrics()
        self.stage = Meter(
            NoSettings(),
            Resources(
                providers={"openai": provider("openai", "gpt-4o")},
                models={"gpt-4": ModelSettings(targets=("openai/gpt-4o", "azure/gpt-4"))},
                metrics=self.metrics,
                access_log=self.lines.append,
            ),
        )

    def __call__(self, exchange: Exchange) -> dict[str, Any]:
        assert self.stage.judge(exchange) is Verdict.PASS
        return self.lines[-1]

    def figures(self, operation: str, provider: str = "", model: str = "") -> Figures:
        return self.metrics.series[Series(operation, provider, model)]


def streaming(*, started: float = 0.0, first_content: float | None = None) -> Exchange:
    exchange = asking(stream=True, started=started)
    exchange.reply = Reply(stream=Replay([]))
    exchange.first_content = first_content
    return exchange


def test_it_stands_in_the_settle_lane() -> None:
    assert Meter.spec.lane is Lane.SETTLE  # type: ignore[attr-defined]  # set by the mark


def test_a_plain_answer_in_figures_and_on_one_line() -> None:
    metered = Metered()
    caller = Caller(tenant="ci", key_name="ci", metadata={"team": "blue"})
    exchange = asking(caller=caller, started=100.0)
    exchange.request.label = "my-request"
    exchange.notes["cache"] = "miss"
    attempt(exchange, OPENAI, started=100.5, ended=102.5)
    answer(exchange)
    exchange.usage = Usage(input=9, output=50)
    end(exchange, at=103.0)
    assert metered(exchange) == {
        "id": exchange.id,
        "label": "my-request",
        "operation": "chat",
        "tenant": "ci",
        "key": "ci",
        "model": "openai/gpt-4o",
        "provider": "openai",
        "provider_key": None,
        "served": "gpt-4o",
        "stream": False,
        "outcome": "ok",
        "status": 200,
        "code": None,
        "attempts": 1,
        "cache": "miss",
        "limit": None,
        "input_tokens": 9,
        "output_tokens": 50,
        "audio_seconds": None,
        "ttft_ms": None,
        "images": None,
        "characters": None,
        "cost_usd": 0.0,
        "duration_ms": 3000.0,
        "tokens_per_s": 25.0,
        "metadata": {"team": "blue"},
    }
    figures = metered.figures("chat", "openai", "gpt-4o")
    assert (figures.requests, figures.attempts) == (1, 1)
    assert figures.outcomes == {"ok": 1}
    assert figures.cache == {"miss": 1}
    assert figures.errors == figures.faults == {}
    assert (figures.input_tokens, figures.output_tokens) == (9, 50)
    assert figures.latency.get_total_count() == 1
    assert figures.latency.get_max_value() == pytest.approx(3_000_000, rel=0.01)
    assert figures.first_token.get_total_count() == 0
    assert figures.speed.get_max_value() == 25
    assert len(metered.lines) == 1


def test_a_stream_is_timed_from_its_first_content() -> None:
    metered = Metered()
    exchange = streaming(started=10.0, first_content=10.5)
    attempt(exchange, OPENAI, started=10.0, ended=12.5)
    exchange.usage = Usage(input=9, output=100)
    end(exchange, at=12.5)
    line = metered(exchange)
    assert (line["stream"], line["ttft_ms"], line["duration_ms"], line["tokens_per_s"]) == (True, 500.0, 2500.0, 49.5)
    figures = metered.figures("chat", "openai", "gpt-4o")
    assert figures.first_token.get_max_value() == pytest.approx(500_000, rel=0.01)
    assert figures.speed.get_max_value() == 50


def test_a_stream_that_came_at_once_has_no_speed() -> None:
    metered = Metered()
    exchange = streaming(first_content=1.0)
    attempt(exchange, OPENAI, ended=1.0)
    exchange.usage = Usage(output=5)
    end(exchange, at=1.0)
    assert metered(exchange)["tokens_per_s"] is None
    assert metered.figures("chat", "openai", "gpt-4o").speed.get_total_count() == 0


def test_a_refusal_has_no_target() -> None:
    metered = Metered()
    exchange = asking(model="nobody/none")
    end(exchange, State.FAILED, error=NotFound("no such model", code="model_not_found"))
    line = metered(exchange)
    assert (line["provider"], line["served"], line["attempts"]) == (None, None, 0)
    assert (line["status"], line["code"], line["outcome"]) == (404, "model_not_found", "failed")
    figures = metered.figures("chat")
    assert figures.outcomes == {"failed": 1}
    assert figures.errors == {"model_not_found": 1}


def test_a_failure_hidden_by_failover_is_counted_with_its_own_target() -> None:
    metered = Metered()
    exchange = asking(model="gpt-4")
    attempt(exchange, OPENAI, error=UpstreamTimeout("silent"))
    attempt(exchange, OPENAI, error=UpstreamError("500"))
    attempt(exchange, AZURE)
    answer(exchange)
    end(exchange)
    assert metered(exchange)["attempts"] == 3
    failed, served = metered.figures("chat", "openai", "gpt-4o"), metered.figures("chat", "azure", "gpt-4")
    assert (failed.requests, failed.attempts) == (0, 2)
    assert failed.faults == {"upstream_timeout": 1, "upstream_error": 1}
    assert (served.requests, served.attempts, served.outcomes) == (1, 1, {"ok": 1})
    assert failed.errors == served.errors == {}


def test_when_all_fail_the_request_counts_with_the_last_target() -> None:
    metered = Metered()
    exchange = asking(model="gpt-4")
    attempt(exchange, OPENAI, error=UpstreamError("500"))
    error = UpstreamError("500")
    attempt(exchange, AZURE, error=error)
    end(exchange, State.FAILED, error=error)
    line = metered(exchange)
    assert (line["provider"], line["served"], line["status"]) == ("azure", "gpt-4", 502)
    assert metered.figures("chat", "azure", "gpt-4").errors == {"upstream_error": 1}
    assert metered.figures("chat", "openai", "gpt-4o").requests == 0


def test_a_stream_cut_after_content_keeps_the_status_that_the_client_saw() -> None:
    metered = Metered()
    exchange = streaming(first_content=1.0)
    attempt(exchange, OPENAI)
    end(exchange, State.FAILED, error=StreamInterrupted("cut"))
    line = metered(exchange)
    assert (line["status"], line["code"], line["outcome"]) == (200, "stream_interrupted", "failed")


def test_a_stream_that_failed_before_content_has_the_errors_status() -> None:
    metered = Metered()
    exchange = streaming()
    end(exchange, State.FAILED, error=UpstreamTimeout("silent"))
    assert metered(exchange)["status"] == 504


@pytest.mark.parametrize("error", [None, ClientGone("left")])
def test_a_client_that_left_is_499(error: ClientGone | None) -> None:
    metered = Metered()
    exchange = streaming(first_content=1.0)
    end(exchange, State.CANCELLED, error=error)
    line = metered(exchange)
    assert (line["status"], line["outcome"]) == (499, "cancelled")
    assert metered.figures("chat").outcomes == {"cancelled": 1}


def test_an_answer_from_the_cache_takes_no_tokens_of_its_target() -> None:
    metered = Metered()
    exchange = asking()
    exchange.notes |= {"cache": "hit", "provider": "openai", "model": "gpt-4o"}
    answer(exchange)
    exchange.usage = Usage(input=9, output=50)
    end(exchange, at=0.001)
    line = metered(exchange)
    assert (line["cache"], line["attempts"], line["input_tokens"], line["tokens_per_s"]) == ("hit", 0, 9, None)
    figures = metered.figures("chat", "openai", "gpt-4o")
    assert figures.cache == {"hit": 1}
    assert (figures.requests, figures.input_tokens, figures.output_tokens) == (1, 0, 0)


def test_nothing_of_prompt_or_answer_is_logged() -> None:
    metered = Metered()
    exchange = asking(
        messages=[{"role": "user", "content": "SECRET-PROMPT"}], user="SECRET-USER", credential="SECRET-KEY"
    )
    attempt(exchange, OPENAI)
    answer(exchange, b'{"content":"SECRET-ANSWER"}')
    end(exchange)
    assert "SECRET" not in repr(metered(exchange))


def test_names_that_callers_make_up_are_counted_under_other() -> None:
    metered = Metered()
    for number in range(50):
        exchange = asking(model=f"openai/made-up-{number}")
        error = NotFound("the provider knows no such model")
        attempt(exchange, Target("openai", f"made-up-{number}"), error=error)
        end(exchange, State.FAILED, error=error)
        assert metered(exchange)["served"] == f"made-up-{number}"
    assert set(metered.metrics.series) == {Series("chat", "openai", "other")}
    assert metered.figures("chat", "openai", "other").attempts == 50


def test_a_model_that_has_answered_is_counted_by_name_from_then_on() -> None:
    metered = Metered()
    new = Target("openai", "brand-new")
    answering = asking()
    attempt(answering, new)
    answer(answering)
    end(answering)
    metered(answering)
    failing = asking()
    attempt(failing, new, error=UpstreamError("500"))
    end(failing, State.FAILED, error=UpstreamError("500"))
    metered(failing)
    assert metered.figures("chat", "openai", "brand-new").requests == 2


def test_looking_at_models_is_counted_too() -> None:
    metered = Metered()
    exchange = looking("models")
    answer(exchange)
    end(exchange)
    line = metered(exchange)
    assert (line["operation"], line["model"], line["stream"]) == ("models", None, False)
    assert metered.figures("models").requests == 1


def test_a_long_name_is_cut_on_the_line() -> None:
    exchange = looking("model", "x" * 1000)
    end(exchange, State.FAILED, error=NotFound("no such model"))
    assert Metered()(exchange)["model"] == "x" * 256


def answered_by(metered: Metered, target: Target) -> None:
    exchange = asking()
    attempt(exchange, target)
    answer(exchange)
    end(exchange)
    metered(exchange)


def test_learnt_names_share_what_room_there_is_and_take_none_from_configured_ones() -> None:
    metered = Metered(Metrics(max_series=11))
    for number in range(30):
        answered_by(metered, Target("openai", f"new-{number}"))
    answered_by(metered, OPENAI)
    assert metered.figures("chat", "openai", "new-9").requests == 1
    assert Series("chat", "openai", "new-10") not in metered.metrics.series
    assert metered.figures("chat", "openai", "other").requests == 20
    assert metered.metrics.overflowed == 20
    assert metered.figures("chat", "openai", "gpt-4o").requests == 1


def test_each_attempt_costs_its_own_target_and_the_line_has_the_sum() -> None:
    metered = Metered()
    exchange = asking()
    failed = attempt(exchange, OPENAI, started=0.0, ended=1.0)
    failed.usage, failed.cost = Usage(input=5), 2_000
    served = attempt(exchange, Target("azure", "gpt-4"), started=1.0, ended=2.0)
    served.usage, served.cost = Usage(input=5, output=5), 30_000
    answer(exchange)
    end(exchange, at=2.0)
    assert metered(exchange)["cost_usd"] == 0.000032
    assert (metered.figures("chat", "openai", "gpt-4o").cost, metered.figures("chat", "azure", "gpt-4").cost) == (
        2_000,
        30_000,
    )


def test_what_has_no_known_price_is_counted_and_costs_nobody_knows_what() -> None:
    metered = Metered()
    exchange = asking()
    attempt(exchange, OPENAI, started=0.0, ended=1.0).usage = Usage(input=5)
    answer(exchange)
    end(exchange, at=2.0)
    assert metered(exchange)["cost_usd"] is None
    figures = metered.figures("chat", "openai", "gpt-4o")
    assert (figures.cost, figures.unpriced) == (0, 1)


def test_pictures_speech_and_sound_are_counted_unless_they_come_from_the_cache() -> None:
    metered = Metered()
    for cache in ("miss", "miss", "hit"):
        exchange = asking(started=100.0)
        exchange.notes["cache"] = cache
        if cache == "miss":
            attempt(exchange, OPENAI, started=100.5, ended=102.5)
        answer(exchange)
        exchange.usage = Usage(images=2, characters=30, seconds=1.25)
        end(exchange, at=103.0)
        metered(exchange)
    figures = metered.figures("chat", "openai", "gpt-4o")
    assert (figures.images, figures.characters, figures.audio_seconds) == (4, 60, 2.5)


class Kept(NoLedger):
    """A ledger that keeps rows in a list. It is another class, so that it is not taken for none at all."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def record(self, rows: Sequence[Row]) -> None:
        self.rows += rows


async def test_rows_reach_the_ledger_with_the_time_that_it_was_on_the_wall(autojump_clock: MockClock) -> None:
    ledger = Kept()
    stage = Meter(NoSettings(), Resources(ledger=ledger, wall=lambda: 1_000.0))
    exchange = asking(started=trio.current_time())
    attempt(exchange, OPENAI, started=trio.current_time(), ended=trio.current_time() + 2.0)
    await trio.sleep(3.0)
    answer(exchange)
    end(exchange, at=trio.current_time())
    stage.judge(exchange)
    (row,) = ledger.rows
    assert (row.exchange, row.at, row.duration, row.whole) == (exchange.id, 997.0, 2.0, 3.0)


async def test_somebody_unknown_who_is_refused_leaves_no_row(autojump_clock: MockClock) -> None:
    ledger = Kept()
    exchange = asking()
    end(exchange, State.FAILED, error=NotFound("there is no such model"))
    Meter(NoSettings(), Resources(ledger=ledger)).judge(exchange)
    assert ledger.rows == []


def test_what_a_limit_has_let_pass_uncounted_is_told() -> None:
    metered = Metered()
    exchange = asking()
    exchange.notes["limit"] = "open"
    attempt(exchange, OPENAI, started=0.0, ended=1.0)
    answer(exchange)
    end(exchange, at=2.0)
    metered(exchange)
    assert metered.figures("chat", "openai", "gpt-4o").uncounted == 1
