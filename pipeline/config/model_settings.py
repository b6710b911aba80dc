"""What can be said of a model's public name."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .kinds import Expression, Share
from .limit_sections import RateLimitSettings


class TargetSettings(msgspec.Struct, kw_only=True, frozen=True):
    """One target of a model."""

    to: Annotated[str, Meta(min_length=1, description="provider/model, or another entry of models.")]
    weight: Annotated[
        int, Meta(ge=1, le=1000, description="Its part beside the others, for strategies that know parts.")
    ] = 1
    when: Annotated[
        Expression | None, Meta(description="Only requests of which this condition holds are for it; unset means all.")
    ] = None


class ModelSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How a public model name is served. In the name and in its targets, * stands for any text, the same in both."""

    targets: Annotated[
        tuple[str | TargetSettings, ...],
        Meta(min_length=1, description="provider/model or another entry of models, or { to, weight, when }."),
    ]
    strategy: Annotated[
        Literal[
            "single",
            "fallback",
            "conditional",
            "weighted",
            "round_robin",
            "least_used",
            "lowest_latency",
            "cheapest",
            "ab_test",
            "prefix",
            "usage",
        ],
        Meta(description="Which target is tried first. All but single go on to the others if it fails."),
    ] = "fallback"
    rate_limit: Annotated[
        RateLimitSettings, Meta(description="How much all callers together may use the model by this name.")
    ] = RateLimitSettings()
    failover_threshold: Annotated[
        Share,
        Meta(description="Targets of whose calls a smaller share went well lately come last; 0 leaves the order."),
    ] = 0.0
    sticky_header: Annotated[
        str,
        Meta(description="For ab_test and prefix: a request header whose value decides, in place of user or prompt."),
    ] = ""
    prefix_length: Annotated[
        int, Meta(ge=1, description="For prefix: how many characters of a prompt's beginning decide.")
    ] = 1024
    on_context_window: Annotated[
        tuple[str, ...],
        Meta(description="Targets to try where a prompt is too long for the one that was asked."),
    ] = ()
    on_content_policy: Annotated[
        tuple[str, ...], Meta(description="Targets to try where one refuses a prompt for what is in it.")
    ] = ()

    @property
    def choices(self) -> tuple[TargetSettings, ...]:
        """The targets, each with its settings."""
        return tuple(TargetSettings(to=one) if isinstance(one, str) else one for one in self.targets)

    @property
    def named(self) -> tuple[str, ...]:
        """All targets that are named, as they are written."""
        return (*(choice.to for choice in self.choices), *self.on_context_window, *self.on_content_policy)
