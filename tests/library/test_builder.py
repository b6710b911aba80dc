"""A configuration made by a program is the one that a file with the same settings gives."""

import pytest

from sluicegate import ConfigError, GatewayBuilder, open_gateway
from sluicegate.pipeline.config.kinds import Rate, TokenPrice
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.registry import Registry, stage
from sluicegate.pipeline.stage import Verdict

FILE = """
server: { timeout: 2min, max_in_flight: 50 }
providers:
  main: { type: openai, api_key: sk-main, base_url: "https://main.example/v1", timeout: { first_token: 5s } }
  spare: { type: simulator, seed: 7, models: [echo] }
models:
  fast: { targets: [main/gpt-4o-mini, spare/echo] }
  one: { strategy: single, targets: [spare/echo] }
prices: { one: { input: $1/M }, "main/*": { output: $2/M, images: $0.04 } }
limit: { requests: [600/min, 10000/h] }
cache: { enabled: false }
auth: { api_keys: [{ key: k1, name: team-a, allowed_models: [fast] }] }
"""


def built() -> GatewayBuilder:
    return (
        GatewayBuilder()
        .server(timeout="2min", max_in_flight=50)
        .provider(
            "main",
            type="openai",
            api_key="sk-main",
            base_url="https://main.example/v1",
            timeout={"first_token": "5s"},
        )
        .provider("spare", type="simulator", seed=7, models=["echo"])
        .model("fast", "main/gpt-4o-mini", "spare/echo")
        .model("one", "spare/echo", strategy="single")
        .price("one", input="$1/M")
        .price("main/*", output="$2/M", images="$0.04")
        .stage("limit", requests=["600/min", "10000/h"])
        .stage("cache", enabled=False)
        .stage("auth", api_keys=[{"key": "k1", "name": "team-a", "allowed_models": ["fast"]}])
    )


def test_builder_and_file_give_the_same_configuration():
    config = built().build()
    assert config == load(FILE, {}, Registry()).config
    # Equal, and not because both are empty.
    assert config.server.timeout == 120.0
    assert config.prices["one"].input == TokenPrice(10**9)
    assert [name for name, _ in config.stages] == [
        "validate",
        "auth",
        "limit",
        "filter",
        "recall",
        "route",
        "call",
        "meter",
    ]
    assert dict(config.stages)["limit"].requests == (Rate(600, 60.0), Rate(10_000, 3600.0))


def test_numbers_are_seconds_and_bytes():
    server = GatewayBuilder().provider("sim", type="simulator").server(timeout=1.5, max_body=2048).build().server
    assert (server.timeout, server.max_body) == (1.5, 2048)


def test_a_builder_can_be_built_twice_and_changed_in_between():
    builder = GatewayBuilder().provider("sim", type="simulator").server(port=1)
    first = builder.build()
    second = builder.server(timeout="1s").build()
    assert (first.server.port, first.server.timeout) == (1, 600.0)
    assert (second.server.port, second.server.timeout) == (1, 1.0)


def test_text_from_a_program_has_no_variables():
    config = GatewayBuilder().provider("main", type="openai", api_key="${HOME}").build({"HOME": "/root"})
    assert config.providers["main"].api_key == "${HOME}"


def test_all_mistakes_are_told_at_once_with_their_paths():
    builder = (
        GatewayBuilder()
        .server(timeot="1s")
        .provider("main", type="openai", timeout={"idle": "5 parsecs"})
        .stage("limt", requests=[])
    )
    with pytest.raises(ConfigError) as wrong:
        builder.build()
    told = str(wrong.value)
    for part in ("did you mean 'timeout'?", "providers.main.timeout.idle", "did you mean 'limit'?"):
        assert part in told
    assert len(wrong.value.problems) == 3


async def test_the_environment_fills_what_a_builder_leaves_out(autojump_clock):
    environ = {"GATEWAY_API_KEYS": '[{"key": "k1", "name": "team-a"}]'}
    async with open_gateway(GatewayBuilder(), api_key="k1", environ=environ) as gateway:
        answered = await gateway.chat("simulator/echo", "Hello")
    assert answered.exchange.caller.tenant == "team-a"


@stage("stamp", summary="Stamps requests.")
class Stamp:
    """Leaves a note on every exchange."""

    def __init__(self, settings: object, resources: object) -> None:
        pass

    def judge(self, exchange: Exchange) -> Verdict:
        exchange.notes["stamp"] = "stamped"
        return Verdict.PASS


async def test_a_stage_of_the_programs_own_is_used_where_it_is_listed(autojump_clock):
    builder = (
        GatewayBuilder()
        .use(Stamp)
        .provider("sim", type="simulator")
        .pipeline("validate", "stamp", "route", "call", "meter")
    )
    async with open_gateway(builder, environ={}) as gateway:
        answered = await gateway.chat("sim/echo", "Hello")
    assert answered.exchange.notes["stamp"] == "stamped"
    assert [mark.hop for mark in answered.exchange.marks][:4] == ["validate", "stamp", "route", "call"]


def test_a_class_used_by_one_builder_is_unknown_to_others():
    GatewayBuilder().use(Stamp)
    with pytest.raises(ConfigError, match="unknown stage 'stamp'"):
        GatewayBuilder().provider("sim", type="simulator").pipeline("validate", "stamp", "route", "call").build()


def test_a_class_without_a_mark_cannot_be_used():
    with pytest.raises(LookupError, match="not marked with @stage or @provider"):
        GatewayBuilder().use(object)
