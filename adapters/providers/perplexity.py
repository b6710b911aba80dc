"""Perplexity's Sonar, which answers from the web.

Sources: https://docs.perplexity.ai/api-reference and the types of its SDK (perplexityai 0.46).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import HttpProviderSettings, ProxyProviderSettings
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.pipeline.registry import provider

from .family import ErrorRules, Member, MessageRules, Profile

URL = "https://api.perplexity.ai"
_TOOLS = frozenset({"tools", "tool_choice", "parallel_tool_calls"})
_ANY_OBJECT = msgspec.Raw(b'{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}')
_encode = msgspec.json.encode
PROFILE = Profile(
    base_url=URL,
    paths={"chat": "/chat/completions", "embedding": "/v1/embeddings"},
    messages=MessageRules(
        strip=frozenset({"refusal", "annotations", "audio", "citations", "reasoning_details", "thinking_blocks"}),
        named=frozenset(),
        parts=frozenset({"text", "image_url"}),
        # "After the (optional) system message(s), user and assistant roles should be alternating."
        system_first=True,
        alternate=True,
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
            "seed",
            "service_tier",
            "store",
            "user",
            "verbosity",
        }
    ),
    refuses=frozenset({"audio", "function_call", "functions", "logprobs", "top_logprobs"}),
    renames={"max_completion_tokens": "max_tokens"},
    values={"reasoning_effort": {"none": None, "xhigh": "high", "max": "high"}},
    base64=False,
    embedding_drops=frozenset({"user"}),
    int8=True,
    one_choice=True,
    stream_options=False,
    think_tags=True,
    citations=True,
    drop_keys=frozenset({"status", "type"}),
    errors=ErrorRules(codes={"invalid_model": "model"}, resets=("x-ratelimit-reset",)),
)


class PerplexitySettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Perplexity, and what its models can do."""

    base_url: Annotated[str, Meta(description="Where its API is; it has no /v1 for chats.")] = URL
    tools: Annotated[
        bool, Meta(description="Send tools on: most of its models take none, and requests with them are refused.")
    ] = False
    think_tags: Annotated[
        bool, Meta(description="Take reasoning out of content that begins with <think>; false leaves it there.")
    ] = True


@provider("perplexity", summary="Perplexity's Sonar, which answers from the web.", settings=PerplexitySettings)
class Perplexity(Member):
    """Translates to Perplexity's API."""

    passes = frozenset()

    profile = PROFILE

    def read_settings(self, settings: HttpProviderSettings) -> Profile:
        """Return the profile, with or without tools and tags."""
        assert isinstance(settings, PerplexitySettings)
        refuses = PROFILE.refuses if settings.tools else PROFILE.refuses | _TOOLS
        return replace(PROFILE, think_tags=settings.think_tags, refuses=refuses)

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return None: what its /v1/models lists are the models of its other API, of which none answers chats here."""
        return None

    def adjust(self, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Ask for any object by a schema, and say where the user is as its search wants it."""
        if bytes(fields.get("tool_choice", b"")).startswith(b"{"):
            raise dropped.unsupported("tool_choice")
        if bytes(fields.get("tool_choice", b"")) in (b'"auto"', b'"none"') and "tools" not in fields:
            del fields["tool_choice"]
        if _value(fields, "response_format").get("type") == "json_object":
            fields["response_format"] = _ANY_OBJECT
        options = _value(fields, "web_search_options")
        place = options.get("user_location")
        if isinstance(place, dict) and isinstance(place.get("approximate"), dict):
            fields["web_search_options"] = msgspec.Raw(_encode({**options, "user_location": place["approximate"]}))


def _value(fields: dict[str, msgspec.Raw], name: str) -> dict[str, Any]:
    """Return the object that a field is; empty for anything else."""
    raw = fields.get(name)
    value = msgspec.json.decode(raw) if raw is not None and bytes(raw).startswith(b"{") else {}
    return value if isinstance(value, dict) else {}
