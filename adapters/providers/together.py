"""Together AI.

Sources: https://docs.together.ai/reference and the types of its SDK (together 3.1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import HttpProviderSettings, ProxyProviderSettings
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.registry import provider

from .family import ErrorRules, Member, MessageRules, Profile
from .family.messages import text_in
from .openai.urls import PATHS

URL = "https://api.together.xyz/v1"
PROFILE = Profile(
    base_url=URL,
    paths={
        operation: PATHS[operation] for operation in ("chat", "completion", "embedding", "transcription", "translation")
    },
    messages=MessageRules(
        strip=frozenset({"refusal", "annotations", "audio", "citations", "reasoning_details", "thinking_blocks"}),
        reasoning="reasoning",
        parts=frozenset({"text", "image_url", "input_audio"}),
    ),
    drops=frozenset(
        {
            "metadata",
            "moderation",
            "parallel_tool_calls",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "safety_identifier",
            "service_tier",
            "store",
            "user",
            "verbosity",
            "web_search_options",
        }
    ),
    refuses=frozenset({"audio"}),
    renames={"max_completion_tokens": "max_tokens"},
    values={"reasoning_effort": {"minimal": "low", "xhigh": "high", "max": "high"}},
    base64=False,
    embedding_drops=frozenset({"dimensions", "user"}),
    stop_list=True,
    think_tags=True,
    drop_keys=frozenset({"prompt", "seed", "token_id", "warnings"}),
    errors=ErrorRules(
        codes={"model_not_available": "model"},
        # It is also how a prompt that is too long for some models is answered; its text says so.
        resets=("x-ratelimit-reset",),
    ),
)


class TogetherSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Together AI."""

    base_url: Annotated[str, Meta(description="Where its API is, as far as /v1.")] = URL
    think_tags: Annotated[
        bool, Meta(description="Take reasoning out of content that begins with <think>; false leaves it there.")
    ] = True


@provider("together", summary="Together AI, by its own API.", settings=TogetherSettings)
class Together(Member):
    """Translates to Together's API."""

    profile = PROFILE
    transcripts = frozenset({"json", "verbose_json"})

    def read_settings(self, settings: HttpProviderSettings) -> Profile:
        """Return the profile, with or without tags."""
        return replace(PROFILE, think_tags=getattr(settings, "think_tags", True))

    def adjust(self, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Say how many logprobs are wanted as one number, and that no reasoning is wanted in its own way."""
        if bytes(fields.get("logprobs", b"")) in (b"true", b"false", b"null"):
            wanted = bytes(fields.pop("logprobs")) == b"true"
            if wanted:
                fields["logprobs"] = fields.get("top_logprobs") or msgspec.Raw(b"1")
                if bytes(fields["logprobs"]) in (b"0", b"null"):
                    fields["logprobs"] = msgspec.Raw(b"1")
        fields.pop("top_logprobs", None)
        if text_in(fields.get("reasoning_effort")) == "none":
            del fields["reasoning_effort"]
            fields["reasoning"] = msgspec.Raw(b'{"enabled":false}')
