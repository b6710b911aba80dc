"""A gateway is built whole or not at all."""

import gc
import math

import pytest

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.adapters.stores.redis.store import RedisStore
from sluicegate.adapters.upstream.http import HttpTransport
from sluicegate.assembly import build
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.config.sections import (
    GatewayConfig,
    HttpProviderSettings,
    HttpTimeoutSettings,
    KeySettings,
    ProviderSettings,
)
from sluicegate.pipeline.config.store_settings import StoreSettings
from sluicegate.pipeline.model_listing import Listing
from sluicegate.pipeline.registry import NoSettings, Registry, provider, stage
from sluicegate.pipeline.stage import Verdict
from sluicegate.testing import ScriptedTransport


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


async def test_each_has_its_own_time_to_connect_and_one_that_opens_no_connection_has_none():
    kinds = registry()
    providers = {
        "slow": HttpProviderSettings(type="openai", timeout=HttpTimeoutSettings(connect=9.0)),
        "usual": HttpProviderSettings(type="openai"),
        "sim": kinds.provider("simulator").settings(type="simulator"),
    }
    gateway = build(GatewayConfig(providers=providers, stages=(("plain", NoSettings()),)), kinds)
    times = {name: provider.connect for name, provider in gateway.resources.providers.items()}
    assert times == {"slow": 9.0, "usual": 5.0, "sim": math.inf}
    await gateway.resources.aclose()


@provider("airless", summary="Has no transport, and no address.", settings=ProviderSettings)
class Airless:
    def __init__(self, name, settings):
        pass

    def operations(self):
        return frozenset({"chat"})

    def transport(self):
        return None


async def test_a_provider_type_that_needs_http_and_cannot_be_told_how_is_a_mistake_in_its_class():
    kinds = registry()
    kinds.add(Airless)
    made = GatewayConfig(providers={"a": ProviderSettings(type="airless")}, stages=(("plain", NoSettings()),))
    with pytest.raises(TypeError, match="provider type 'airless' has no transport"):
        build(made, kinds)


def recording(folder):
    return load(f"pipeline: [record, validate, route, call]\nrecord: {{ path: '{folder}' }}", {}, Registry()).config


async def test_a_stage_that_records_makes_its_folder_and_nothing_else_before_the_first_exchange(tmp_path):
    gateway = build(recording(tmp_path / "there"))
    assert list(tmp_path.iterdir()) == [tmp_path / "there"]
    assert list((tmp_path / "there").iterdir()) == []
    await gateway.resources.aclose()


async def test_a_folder_that_cannot_be_is_a_wrong_setting(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="record: cannot make the folder"):
        build(recording(tmp_path / "file"))


async def test_a_store_with_a_url_is_a_redis_and_memory_stands_in_for_one_without():
    stores = {
        "shared": StoreSettings(type="redis", url=Secret("redis://:s3cr3t@127.0.0.1:1"), on_failure="closed"),
        "spare": StoreSettings(type="redis"),
    }
    kinds = registry()
    resources = build(GatewayConfig(stores=stores, stages=(("plain", NoSettings()),)), kinds).resources
    assert type(resources.stores["shared"]) is RedisStore
    assert resources.stores["spare"] is resources.stores["memory"]
    assert resources.store("shared") == (resources.stores["shared"], True)
    assert resources.store("spare", "closed") == (resources.stores["memory"], True)
    await resources.aclose()


async def test_a_url_of_a_store_that_makes_no_sense_is_told_without_it():
    stores = {"shared": StoreSettings(type="redis", url=Secret("redis://:s3cr3t/x@host"))}
    with pytest.raises(ConfigError, match=r"stores\.shared: url has a port or a database that is no number") as refused:
        build(GatewayConfig(stores=stores, stages=(("plain", NoSettings()),)), registry())
    assert "s3cr3t" not in str(refused.value)


async def test_a_store_that_is_handed_in_takes_its_name_and_memory_always_exists():
    kinds, store = registry(), MemoryStore()
    gateways = [
        build(config("plain", kinds), kinds, stores=given) for given in (None, {"memory": store}, {"far": store})
    ]
    default, memory, far = (gateway.resources.stores for gateway in gateways)
    assert memory == {"memory": store}
    assert [type(each["memory"]) for each in (default, far)] == [MemoryStore, MemoryStore]
    assert far["far"] is store
    for gateway in gateways:
        await gateway.resources.aclose()


@provider("aired", summary="Has a transport of its own.", settings=HttpProviderSettings)
class Aired:
    def __init__(self, name, settings):
        self.key = settings.api_key

    def operations(self):
        return frozenset()

    def transport(self):
        return ScriptedTransport()


def keyed(type_, **settings):
    kinds = registry()
    kinds.add(Aired)
    keys = (KeySettings(key=Secret("one-key")), KeySettings(key=Secret("two-key"), weight=2))
    made = HttpProviderSettings(type=type_, api_keys=keys, callers_keys=True, **settings)
    return build(GatewayConfig(providers={"up": made}, stages=(("plain", NoSettings()),)), kinds)


async def test_each_key_has_a_provider_of_its_own_on_the_shared_transport():
    gateway = keyed("openai", timeout=HttpTimeoutSettings(connect=9.0))
    up = gateway.resources.providers["up"]
    every = [up, *up.keys.providers, up.with_key(Secret("callers-key"))]
    assert len({id(one.transport) for one in every}) == 1
    assert {(one.name, one.connect) for one in every} == {("up", 9.0)}
    assert [one.settings.api_key for one in every] == ["one-key", "one-key", "two-key", "callers-key"]
    assert "-key" not in repr(every)
    await gateway.resources.aclose()


async def test_transports_of_keys_own_are_all_closed_and_a_callers_key_makes_none():
    gateway = keyed("aired")
    up = gateway.resources.providers["up"]
    assert up.with_key(Secret("callers-key")).transport is up.transport
    await gateway.resources.aclose()
    assert [one.transport.closed for one in (up, *up.keys.providers)] == [True] * 3


async def test_what_was_learnt_of_a_provider_goes_on_where_its_settings_are_the_same():
    text = "providers:\n  one: { type: simulator }\n  two: { type: simulator }\n"
    first = build(load(text, {}, Registry()).config)
    first.resources.live_models.put("one", Listing(("seen",), complete=True))
    changed = load(text.replace("two: { type: simulator", "two: { type: simulator, tokens: 3"), {}, Registry()).config
    second = build(changed, before=first)
    old, new = first.resources, second.resources
    assert new.observed is old.observed
    assert [new.breakers[name] is old.breakers[name] for name in ("one", "two")] == [True, False]
    assert new.live_models.of("one") == Listing(("seen",), complete=True)
    for gateway in (first, second):
        await gateway.resources.aclose()
