"""A registry of stages and providers made for tests: every kind of setting occurs, and no real stage is imported."""

from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.kinds import Duration, Rate, Secret, Share, Size
from sluicegate.pipeline.config.sections import ProviderSettings
from sluicegate.pipeline.registry import Registry, provider, stage
from sluicegate.pipeline.stage import Lane


class Level(Enum):
    LOW = "low"
    HIGH = "high"


class Key(msgspec.Struct, kw_only=True, frozen=True):
    key: Annotated[Secret, Meta(min_length=1, description="The key itself.")]
    name: Annotated[str, Meta(min_length=1, description="Whose it is.")]
    rate_limit: Annotated[
        Annotated[int, Meta(ge=1)] | tuple[Rate, ...] | None, Meta(description="A limit of its own.")
    ] = None
    metadata: Annotated[dict[str, Any], Meta(description="Anything.")] = {}


class AuthSettings(msgspec.Struct, kw_only=True, frozen=True):
    api_keys: Annotated[tuple[Key, ...], Meta(description="The keys.")] = ()


class LimitSettings(msgspec.Struct, kw_only=True, frozen=True):
    requests: Annotated[tuple[Rate, ...], Meta(description="How many.")] = ()
    burst: Annotated[Rate | None, Meta(description="How many at once.")] = None


class FilterSettings(msgspec.Struct, kw_only=True, frozen=True):
    blocked_words: Annotated[tuple[Annotated[str, Meta(pattern=r"\S")], ...], Meta(description="Words.")] = ()
    max_input_length: Annotated[int, Meta(ge=1, description="Characters.")] = 1000
    level: Annotated[Level, Meta(description="How strict.")] = Level.LOW

    def __post_init__(self) -> None:
        if self.level is Level.HIGH and not self.blocked_words:
            raise ValueError("level high needs blocked_words")


class CacheSettings(msgspec.Struct, kw_only=True, frozen=True):
    store: Annotated[Literal["memory", "disk"], Meta(description="Where.")] = "memory"
    ttl: Annotated[Duration, Meta(gt=0, description="How long.")] = 3600.0
    max_entry: Annotated[Size, Meta(ge=1, le=2**30, description="How large.")] = 1024
    share: Annotated[Share, Meta(description="How much.")] = 0.5
    strict: Annotated[bool, Meta(description="How.")] = False


class Where(msgspec.Struct, kw_only=True, frozen=True):
    host: Annotated[str, Meta(description="The host.")]
    wait: Annotated[Duration, Meta(description="How long.")] = 1.0


class GuardSettings(msgspec.Struct, kw_only=True, frozen=True):
    name: Annotated[str, Meta(description="Has no default.")]
    where: Annotated[Where | None, Meta(description="A section that may be missing.")] = None
    modes: Annotated[dict[str, Duration], Meta(description="Durations by name.")] = {}
    either: Annotated[int | bool | str, Meta(description="One of several.")] = 0


class SwitchSettings(msgspec.Struct, kw_only=True, frozen=True):
    enabled: Annotated[bool, Meta(description="A switch of its own.")] = True


def _component(name: str, **spec: Any) -> type:
    return stage(name, summary=f"The stage {name}.", **spec)(type(name, (), {}))


STAGES = [
    _component("validate"),
    _component("auth", settings=AuthSettings),
    _component("limit", settings=LimitSettings),
    _component("filter", settings=FilterSettings),
    _component("cache", settings=CacheSettings),
    _component("route"),
    _component("call", settings=SwitchSettings),
    _component("meter", lane=Lane.SETTLE),
    _component("guard", settings=GuardSettings),
    _component("polish", lane=Lane.REPLY),
    _component("recall"),
]


class SimulatorSettings(ProviderSettings, kw_only=True, frozen=True):
    seed: Annotated[int, Meta(description="Where luck begins.")] = 0


PROVIDERS = [
    provider("openai", summary="One with a key.")(type("OpenAI", (), {})),
    provider("simulator", summary="One without.", settings=SimulatorSettings)(type("Simulator", (), {})),
]


def rooms() -> Registry:
    """Return a registry with all of the above."""
    registry = Registry()
    for component in [*STAGES, *PROVIDERS]:
        registry.add(component)
    return registry
