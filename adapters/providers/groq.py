"""Groq.

Sources: https://console.groq.com/docs/api-reference and the types of its SDK (groq 1.7).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, UpstreamHead
from sluicegate.pipeline.registry import provider

from .family import ErrorRules, Member, MessageRules, Profile
from .family.media import write_sound
from .model_lists import read_page
from .openai.urls import PATHS, media

URL = "https://api.groq.com/openai/v1"
_SOUNDS = {"mp3": "mp3", "wav": "wav", "flac": "flac", "opus": "ogg", "ogg": "ogg", "mulaw": "mulaw"}
_REASONING = msgspec.Raw(b'"parsed"')
PROFILE = Profile(
    base_url=URL,
    paths={operation: PATHS[operation] for operation in ("chat", "embedding", "transcription", "translation")}
    | media("speech"),
    media_drops={"speech": frozenset({"instructions"})},
    messages=MessageRules(
        # Anything that is not of its schema is a 400, "property 'X' is unsupported".
        strip=frozenset({"refusal", "annotations", "audio", "citations", "reasoning_details", "thinking_blocks"}),
        reasoning="reasoning",
        parts=frozenset({"text", "image_url"}),
    ),
    drops=frozenset(
        {
            "logit_bias",
            "metadata",
            "moderation",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "safety_identifier",
            "store",
            "verbosity",
            "web_search_options",
            # "Not yet supported by any of our models."
            "frequency_penalty",
            "presence_penalty",
        }
    ),
    refuses=frozenset({"logprobs", "top_logprobs", "audio"}),
    renames={"max_tokens": "max_completion_tokens"},
    values={
        "reasoning_effort": {"minimal": "low", "xhigh": "high", "max": "high"},
        "service_tier": {"default": "on_demand", "priority": "performance", "scale": None, "fast": None},
    },
    tiers={"on_demand": "default", "performance": "priority"},
    base64=False,
    one_choice=True,
    drop_keys=frozenset({"x_groq"}),
    errors=ErrorRules(
        codes={
            # The model's own doing, which another try may not repeat.
            "tool_use_failed": "again",
            "json_validate_failed": "again",
            "capacity_exceeded": "busy",
            "model_decommissioned": "model",
        },
        statuses={413: "elsewhere", 424: "elsewhere", 498: "busy", 499: "elsewhere"},
        # The other one, of requests, is about a whole day.
        resets=("x-ratelimit-reset-tokens",),
    ),
)


class GroqSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Groq."""

    base_url: Annotated[str, Meta(description="Where its API is, as far as /v1.")] = URL


@provider("groq", summary="Groq, by its own API.", settings=GroqSettings)
class Groq(Member):
    """Translates to Groq's API."""

    profile = PROFILE
    transcripts = frozenset({"json", "text", "verbose_json"})

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists, without models that are switched off."""
        self._reader.check_type(head, body)
        return read_page(body, self.nonsense, without={"active": False})

    def adjust(self, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Ask for reasoning apart from the content where a level of it is asked for; raw is refused beside tools."""
        if "reasoning_effort" in fields and not fields.keys() & {"reasoning_format", "include_reasoning"}:
            fields["reasoning_format"] = _REASONING

    def adjust_media(self, operation: str, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Ask for sound by Groq's names of formats."""
        write_sound(fields, _SOUNDS, dropped)
