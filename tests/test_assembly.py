"""A gateway is built whole or not at all."""

import gc

import pytest

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.assembly import build
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.config.sections import GatewayConfig, ProviderSettings
from sluicegate.pipeline.registry import NoSettings, Registry, stage
from sluicegate.pipeline.stage import Verdict


@stage("picky", summary="Refuses its settings.")
class Picky:
    def __init__(self, settings, resources):
        raise ValueError("not like this")


@stage("plain", summary="Passes.")
class Plain:
    def __init__(self, settings, resources):
        pass

    def judge(self, exchange):
        return Verdict.PASS


def config(name, registry):
    settings = registry.provider("openai").settings
    assert issubclass(settings, ProviderSettings)
    providers = {each: settings(type="openai") for each in ("one", "two")}
    return GatewayConfig(providers=providers, stages=((name, NoSettings()),))


def registry():
    made = Registry()
    made.add(Picky)
    made.add(Plain)
    return made


def transports():
    gc.collect()
    return [found for found in gc.get_objects() if type(found) is HttpTransport]


async def test_a_stage_that_refuses_its_settings_leaves_no_transport_behind():
    kinds, before = registry(), len(transports())
    with pytest.raises(ConfigError, match="not like this") as refused:
        build(config("picky", kinds), kinds)
    assert refused.value.__traceback__ is not None  # it holds what was made so far
    assert len(transports()) == before


async def test_providers_without_a_transport_of_their_own_share_one():
    kinds = registry()
    gateway = build(config("plain", kinds), kinds)
    one, two = gateway.resources.providers.values()
    assert type(one.transport) is HttpTransport
    assert one.transport is two.transport
    await gateway.resources.aclose()


async def test_stores_come_from_outside_where_they_are_given():
    shared = MemoryStore()
    gateway = build(GatewayConfig(stages=(("plain", NoSettings()),)), registry(), stores={"memory": shared})
    assert gateway.resources.stores["memory"] is shared
    own = [build(GatewayConfig(stages=(("plain", NoSettings()),)), registry()).resources.stores for _ in range(2)]
    assert own[0]["memory"] is not own[1]["memory"]
