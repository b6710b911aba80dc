"""Which stages and providers there are. Built-in and third-party ones come in by the same door: entry points.

A package offers a stage under the entry-point group ``sluicegate.stages``, a provider under ``sluicegate.providers``;
the entry is a class marked with `stage` or `provider`. Nothing is imported before its name is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from .config.sections import HttpProviderSettings, ProviderSettings
from .stage import Lane

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

StageClass = TypeVar("StageClass", bound=type)


class NoSettings(msgspec.Struct, kw_only=True, frozen=True):
    """For a stage that has none."""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """What is known of a stage before it is built. Built as ``component(settings, resources)``."""

    name: str
    lane: Lane
    summary: str
    settings: type[msgspec.Struct]
    component: Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """What is known of a provider type before it is built. Built as ``component(name, settings)``."""

    name: str
    summary: str
    settings: type[ProviderSettings]
    component: Callable[[str, Any], Any]


def stage(
    name: str, *, summary: str, lane: Lane = Lane.REQUEST, settings: type[msgspec.Struct] = NoSettings
) -> Callable[[StageClass], StageClass]:
    """Mark a class as the stage ``name``. Its instances are made as ``cls(settings, resources)``."""

    def mark(cls: StageClass) -> StageClass:
        cls.spec = StageSpec(name, lane, summary, settings, cls)  # type: ignore[attr-defined]  # the mark itself
        return cls

    return mark


def provider(
    name: str, *, summary: str, settings: type[ProviderSettings] = HttpProviderSettings
) -> Callable[[StageClass], StageClass]:
    """Mark a class as the translator of provider type ``name``. Its instances are made as ``cls(name, settings)``.

    Args:
        settings: An `HttpProviderSettings`, unless the translator brings a transport of its own.
    """

    def mark(cls: StageClass) -> StageClass:
        cls.spec = ProviderSpec(name, summary, settings, cls)  # type: ignore[attr-defined]  # the mark itself
        return cls

    return mark


class UnknownComponent(LookupError):
    """No stage or provider type has this name."""


class Registry:
    """Stages and provider types by name: those of the installed packages, and those added by hand."""

    def __init__(self) -> None:
        self._added_stages: dict[str, StageSpec] = {}
        self._added_providers: dict[str, ProviderSpec] = {}

    def add(self, component: type) -> None:
        """Add a class marked with `stage` or `provider`; it goes before an installed one of the same name."""
        spec = _spec_of(component)
        if isinstance(spec, StageSpec):
            self._added_stages[spec.name] = spec
        else:
            self._added_providers[spec.name] = spec

    @cached_property
    def _installed_stages(self) -> dict[str, EntryPoint]:
        return _installed("sluicegate.stages")

    @cached_property
    def _installed_providers(self) -> dict[str, EntryPoint]:
        return _installed("sluicegate.providers")

    def stage_names(self) -> list[str]:
        """Return the names of all stages, sorted."""
        return sorted({*self._installed_stages, *self._added_stages})

    def provider_names(self) -> list[str]:
        """Return the names of all provider types, sorted."""
        return sorted({*self._installed_providers, *self._added_providers})

    def stage(self, name: str) -> StageSpec:
        """Return a stage's spec, importing it at need. Raises UnknownComponent."""
        if name not in self._added_stages:
            spec = _load(self._installed_stages, name, "stage")
            if not isinstance(spec, StageSpec):
                raise UnknownComponent(f"the entry point of stage {name!r} is not marked with @stage")
            self._added_stages[name] = spec
        return self._added_stages[name]

    def provider(self, name: str) -> ProviderSpec:
        """Return a provider type's spec, importing it at need. Raises UnknownComponent."""
        if name not in self._added_providers:
            spec = _load(self._installed_providers, name, "provider type")
            if not isinstance(spec, ProviderSpec):
                raise UnknownComponent(f"the entry point of provider type {name!r} is not marked with @provider")
            self._added_providers[name] = spec
        return self._added_providers[name]


def _installed(group: str) -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # 12 ms, and a program that only imports us needs none of it

    return {entry.name: entry for entry in entry_points(group=group)}


def _load(installed: dict[str, EntryPoint], name: str, kind: str) -> StageSpec | ProviderSpec:
    if name not in installed:
        raise UnknownComponent(f"there is no {kind} {name!r}")
    return _spec_of(installed[name].load())


def _spec_of(component: type) -> StageSpec | ProviderSpec:
    spec = getattr(component, "spec", None)
    if not isinstance(spec, StageSpec | ProviderSpec):
        raise UnknownComponent(f"{component!r} is not marked with @stage or @provider")
    return spec
