"""A program may ask as a caller with a key, and is held to what that key may do."""

import pytest

from sluicegate import GatewayBuilder, open_gateway
from sluicegate.pipeline.errors import Forbidden, InvalidRequest, RateLimited, Unauthorized

KEYS = [
    {"key": "key-a", "name": "team-a", "allowed_models": ["sim/echo"]},
    {"key": "key-b", "name": "team-b", "rate_limit": 1},
]


def guarded() -> GatewayBuilder:
    return GatewayBuilder().provider("sim", type="simulator", models=["echo", "other"]).stage("auth", api_keys=KEYS)


async def test_without_a_key_a_guarded_gateway_refuses(autojump_clock):
    async with open_gateway(guarded(), environ={}) as gateway:
        with pytest.raises(Unauthorized):
            await gateway.chat("sim/echo", "Hello")
        with pytest.raises(Unauthorized):
            await gateway.models()


async def test_an_unknown_key_is_refused_and_not_quoted(autojump_clock):
    async with open_gateway(guarded(), api_key="key-x", environ={}) as gateway:
        with pytest.raises(Unauthorized) as refused:
            await gateway.chat("sim/echo", "Hello")
    assert "key-x" not in str(refused.value)


async def test_a_key_is_held_to_its_models(autojump_clock):
    async with open_gateway(guarded(), api_key="key-a", environ={}) as gateway:
        assert (await gateway.chat("sim/echo", "Hello")).exchange.caller.tenant == "team-a"
        assert await gateway.models() == ["sim/echo"]
        with pytest.raises(Forbidden):
            await gateway.chat("sim/other", "Hello")


async def test_each_caller_has_limits_and_cached_answers_of_its_own(autojump_clock):
    async with open_gateway(guarded(), api_key="key-a", environ={}) as team_a:
        team_b = team_a.as_caller("key-b")
        assert not (await team_a.chat("sim/echo", "Hello")).cached
        assert not (await team_b.chat("sim/echo", "Hello")).cached
        assert (await team_a.chat("sim/echo", "Hello")).cached
        with pytest.raises(RateLimited) as limited:
            await team_b.chat("sim/echo", "Hello")
    assert "team-b" in str(limited.value)


async def test_as_caller_leaves_the_first_client_as_it_was(autojump_clock):
    async with open_gateway(guarded(), api_key="key-a", environ={}) as team_a:
        nobody = team_a.as_caller(None)
        with pytest.raises(Unauthorized):
            await nobody.embed("sim/echo", "Hello")
        assert (await team_a.embed("sim/echo", "Hello")).vectors


async def test_a_program_brings_its_own_key_for_a_provider_as_callers_over_http_do(autojump_clock):
    builder = GatewayBuilder().provider("up", type="openai", base_url="http://127.0.0.1:9/v1")
    own = {"X-Sluicegate-Provider-Key": "up=sk-own-key"}
    async with open_gateway(builder, environ={}) as gateway:
        with pytest.raises(InvalidRequest, match="'up' takes no keys of callers") as refused:
            await gateway.chat("up/any", "Hello", headers=own)
    assert refused.value.param == "x-sluicegate-provider-key"
