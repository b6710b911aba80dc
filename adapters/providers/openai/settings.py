"""What can be said of OpenAI, or of a server that speaks its API."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings


class OpenAISettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach OpenAI, or a server that speaks its API."""

    base_url: Annotated[str, Meta(description="Where its API is, as far as /v1.")] = "https://api.openai.com/v1"
    responses: Annotated[
        bool | None,
        Meta(
            description="Whether it has /v1/responses, and is asked there what is asked here; unset, OpenAI itself has."
        ),
    ] = None
