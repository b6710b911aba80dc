"""Models whose targets are chosen for each request: what `route` makes of them, and what `call` makes of its plans."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import trio.testing

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.conditions import ConditionFailed
from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.config.model_settings import ModelSettings
from sluicegate.pipeline.config.sections import BreakerSettings
from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.pricing import Price, Rates
from sluicegate.pipeline.registry import NoSettings
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.route import Route
from sluicegate.testing import ScriptedResponse
from tests.stages.calling import SEED, body_of, calling, script, whole
from tests.stages.exchanges import asking, provider


def route(**models: Mapping[str, Any]) -> Route:
    providers = {name: provider(name) for name in ("a", "b", "c")}
    resources = Resources(
        providers=providers,
        models={name: convert(ModelSettings, values) for name, values in models.items()},
        breakers={name: Breaker(BreakerSettings()) for name in providers},
        stores={"memory": MemoryStore(lambda: 0.0)},
    )
    resources.random.seed(SEED)
    return Route(NoSettings(), resources)


def planned(stage: Route, exchange: Exchange) -> list[str]:
    assert stage.judge(exchange) is Verdict.PASS
    assert exchange.plan is not None
    return [str(target) for target in exchange.plan.targets]


async def test_turns_go_round_for_each_request() -> None:
    stage = route(m={"strategy": "round_robin", "targets": ["a/x", "b/x", "c/x"]})
    assert [planned(stage, asking(model="m"))[0] for _ in range(6)] == ["a/x", "b/x", "c/x"] * 2


async def test_two_stages_on_one_store_share_the_turns() -> None:
    store = MemoryStore(lambda: 0.0)
    settings = convert(ModelSettings, {"strategy": "round_robin", "targets": ["a/x", "b/x"]})
    providers = {name: provider(name) for name in ("a", "b")}
    stages = [
        Route(NoSettings(), Resources(providers=providers, models={"m": settings}, stores={"memory": store}))
        for _ in range(2)
    ]
    firsts = [planned(stages[at % 2], asking(model="m"))[0] for at in (0, 0, 1, 1, 0, 1)]
    assert firsts == ["a/x", "b/x"] * 3


async def test_conditions_see_the_request() -> None:
    stage = route(
        m={
            "strategy": "conditional",
            "targets": [
                {"to": "a/x", "when": 'request.headers["x-tier"] == "gold"'},
                {"to": "b/x", "when": "request.fields.temperature > 1.0"},
                "c/x",
            ],
        }
    )
    hot = asking(model="m", headers={"x-tier": "no"}, temperature=1.5)
    assert planned(stage, hot) == ["b/x", "c/x"]
    assert planned(stage, asking(model="m", headers={"x-tier": "gold"}, temperature=0.5)) == ["a/x", "c/x"]
    with pytest.raises(ConditionFailed, match="Key not found"):
        stage.judge(asking(model="m", temperature=1.5))


async def test_a_long_text_is_looked_at_in_a_thread_with_the_same_result() -> None:
    stage = route(
        m={"strategy": "conditional", "targets": [{"to": "a/x", "when": 'request.text.contains("needle")'}, "b/x"]}
    )
    long = asking(model="m", messages=[{"role": "user", "content": "x" * 70_000 + "needle"}])
    assert stage.judge(long) is Verdict.WAIT
    assert await stage.attend(long) is Verdict.PASS
    assert long.plan == Plan((Target("a", "x"), Target("b", "x")), "conditional")


async def test_a_user_stays_with_one_arm_of_a_test_wherever_its_name_stands() -> None:
    stage = route(m={"strategy": "ab_test", "targets": ["a/x", "b/x", "c/x"]})
    for told in ({"user": "ann"}, {"safety_identifier": "ann"}, {"metadata": {"user_id": "ann"}}):
        assert len({planned(stage, asking(model="m", **told))[0] for _ in range(10)}) == 1
    assert len({planned(stage, asking(model="m", user=f"user-{at}"))[0] for at in range(50)}) == 3


async def test_a_header_may_decide_instead() -> None:
    stage = route(m={"strategy": "ab_test", "targets": ["a/x", "b/x", "c/x"], "sticky_header": "X-Session"})
    assert len({planned(stage, asking(model="m", headers={"x-session": "7"}, user=str(at)))[0] for at in range(9)}) == 1


async def test_the_same_beginning_goes_to_the_same_target() -> None:
    stage = route(m={"strategy": "prefix", "targets": ["a/x", "b/x", "c/x"], "prefix_length": 20})

    def asked(text: str) -> str:
        return planned(stage, asking(model="m", messages=[{"role": "user", "content": text}]))[0]

    assert len({asked(f"You are a helpful assistant. {at}") for at in range(20)}) == 1
    assert len({asked(f"{at}: You are helpful") for at in range(50)}) == 3


async def test_names_with_a_star_serve_whatever_it_stands_for() -> None:
    stage = route(**{"gpt-*": {"targets": ["a/gpt-*", "b/org/*"]}})
    assert planned(stage, asking(model="gpt-4o")) == ["a/gpt-4o", "b/org/4o"]
    with pytest.raises(NotFound):
        stage.judge(asking(model="gpt-"))


async def test_a_decision_is_told_in_place_of_an_answer() -> None:
    stage = route(
        m={"strategy": "weighted", "targets": [{"to": "a/x", "weight": 3}, "b/x"], "on_context_window": ["c/y"]}
    )
    exchange = asking(model="m")
    exchange.request.explain = "only"
    assert stage.judge(exchange) is Verdict.REPLY
    assert exchange.reply is not None
    told = msgspec.json.decode(exchange.reply.body)
    assert (told["model"], told["strategy"], sorted(told["targets"])) == ("m", "weighted", ["a/x", "b/x"])
    assert told["otherwise"] == {"context_window": ["c/y"]}
    assert told["circuit_breakers"] == {"a": "closed", "b": "closed"}
    (decision,) = told["decisions"]
    assert decision["order"] == told["targets"]
    assert [(one["name"], one["weight"]) for one in decision["members"]] == [("a/x", 3), ("b/x", 1)]


async def test_a_decision_is_told_in_a_header_with_the_attempts() -> None:
    stage = route(m={"targets": ["a/x", "b/x"]})
    exchange = asking(model="m")
    exchange.request.explain = "add"
    assert stage.judge(exchange) is Verdict.PASS
    (hook,) = exchange.on_reply
    hook(exchange)
    ((name, value),) = exchange.headers
    assert name == "x-sluicegate-explain"
    assert json.loads(value)["targets"] == ["a/x", "b/x"]
    assert value.isascii()


def too_long() -> ScriptedResponse:
    body = {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}
    return ScriptedResponse((0.0, msgspec.json.encode(body)), status=400, headers={"content-type": "application/json"})


async def test_a_prompt_that_is_too_long_goes_to_the_targets_for_those() -> None:
    plan = Plan((Target("a", "x"), Target("b", "x")), otherwise={"context_window": (Target("c", "long"),)})
    async with calling(script(too_long()), script(), script(whole()), planned=plan) as bench:
        exchange, _ = await bench.plain()
    assert exchange.error is None
    assert [str(one.target) for one in exchange.attempts] == ["a/x", "c/long"]


async def test_without_such_targets_the_refusal_is_the_answer() -> None:
    async with calling(script(too_long()), script()) as bench:
        exchange, _ = await bench.plain()
    assert (exchange.failure.code, len(exchange.attempts)) == ("context_length_exceeded", 1)


async def test_where_those_refuse_too_their_refusal_is_the_answer() -> None:
    plan = Plan((Target("a", "x"),), otherwise={"context_window": (Target("b", "long"),)})
    async with calling(script(too_long()), script(too_long()), planned=plan) as bench:
        exchange, _ = await bench.plain()
    assert (exchange.failure.code, len(exchange.attempts)) == ("context_length_exceeded", 2)


async def test_calls_under_way_and_their_ends_are_seen(autojump_clock: trio.testing.MockClock) -> None:
    async with calling(script(whole(wait=2.0)), script()) as bench:
        await bench.plain()
        seen = bench.resources.observed.of(Target("a", "model"))
    assert seen is not None
    assert (seen.in_flight, seen.waited(stream=False)) == (0, pytest.approx(2.0, abs=0.1))


async def test_what_a_provider_says_of_its_limits_is_kept(autojump_clock: trio.testing.MockClock) -> None:
    told = {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "25"}
    answer = ScriptedResponse((0.0, body_of()), headers={"content-type": "application/json", **told})
    async with calling(script(answer)) as bench:
        await bench.plain()
        seen = bench.resources.observed.of(Target("a", "model"))
    assert seen is not None
    assert seen.quota is not None
    assert seen.quota.share == 0.25


async def test_prices_decide_where_they_are_known() -> None:
    class Told:
        def of(self, _type: str, provider: str, _model: str, _at: float) -> Price | None:
            return {"a": Price(Rates(input=20**9, output=90**9)), "b": Price(Rates(input=10**9, output=30**9))}.get(
                provider
            )

    stage = route(m={"strategy": "cheapest", "targets": ["c/x", "a/x", "b/x"]})
    stage._resources.prices = Told()
    assert planned(stage, asking(model="m")) == ["b/x", "a/x", "c/x"]
