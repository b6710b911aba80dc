"""A provider that needs no network and no key: it answers from a seed, as slowly and as badly as it is told.

It speaks OpenAI's API, so that all that lies between a client and a real provider is at work. The same request and the
same seed give the same answer and the same luck.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from sluicegate.pipeline.config.kinds import Duration, Share
from sluicegate.pipeline.config.sections import HttpProviderSettings, ProviderSettings
from sluicegate.pipeline.provider import Transport, UpstreamRequest
from sluicegate.pipeline.registry import provider

from ..openai import OpenAI
from .transport import SimulatorTransport

_URL = "http://simulator.invalid/v1"
"""Stands in requests, of which none leaves this process."""


class SimulatorSettings(ProviderSettings, kw_only=True, frozen=True):
    """How the simulator answers."""

    seed: Annotated[int, Meta(description="What its words and its luck are drawn from.")] = 0
    models: Annotated[tuple[str, ...], Meta(min_length=1, description="The names to list; it answers to any name.")] = (
        "echo",
    )
    tokens: Annotated[int, Meta(ge=1, le=100_000, description="How many tokens an answer has.")] = 40
    first_token: Annotated[Duration, Meta(ge=0, description="How long the first token takes.")] = 0.1
    tokens_per_second: Annotated[
        float, Meta(ge=0, description="How fast the others follow; 0 sends all of them in one piece.")
    ] = 50.0
    error_rate: Annotated[Share, Meta(description="The share of requests that fail with status 500.")] = 0.0
    cut_rate: Annotated[Share, Meta(description="The share of answers that break off in the middle.")] = 0.0
    stall_rate: Annotated[Share, Meta(description="The share of answers that fall silent in the middle.")] = 0.0


@provider("simulator", summary="Answers from a seed, without network or key.", settings=SimulatorSettings)
class Simulator(OpenAI):
    """Translates as `OpenAI` does, and brings a transport that opens no socket."""

    passes = frozenset()

    def __init__(self, name: str, settings: SimulatorSettings, *, wall: Callable[[], float] = time.time) -> None:
        super().__init__(
            name, HttpProviderSettings(type=settings.type, base_url=_URL, strict=settings.strict), wall=wall
        )
        self._models = settings.models
        self._transport = SimulatorTransport(settings)

    def models(self) -> tuple[str, ...]:
        """Return the names of its models."""
        return self._models

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return None: `models` names all of them."""
        return None

    def transport(self) -> Transport:
        """Return the transport that makes the answers."""
        return self._transport
