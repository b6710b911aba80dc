"""The profile that a server's settings mean."""

from __future__ import annotations

from ..family import ErrorRules, MessageRules, Profile
from .settings import CustomSettings, QuirkSettings

_RESETS = ("x-ratelimit-reset-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset", "ratelimit-reset")
_ERRORS = ErrorRules(
    codes={
        "overloaded": "busy",  # Text Generation Inference
        "unavailable_error": "again",  # llama.cpp, while it loads its model
        "model_rate_limit": "busy",
    },
    resets=_RESETS,
)
_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""The one field of the two that is renamed, by the one that the server knows."""


def profile_of(settings: CustomSettings) -> Profile:
    """Return the profile."""
    quirks = settings.quirks
    return Profile(
        base_url=settings.base_url,
        messages=_messages(quirks),
        drops=frozenset(quirks.drop_fields),
        renames={} if quirks.max_tokens == "any" else {_LIMITS[quirks.max_tokens]: quirks.max_tokens},
        base64=quirks.embeddings_base64,
        stream_options=quirks.stream_options,
        tool_types=True,
        think_tags=quirks.think_tags,
        errors=_ERRORS,
    )


def _messages(quirks: QuirkSettings) -> MessageRules:
    return MessageRules(
        roles={} if quirks.developer_role == "developer" else {"developer": "system"},
        reasoning="" if quirks.history_reasoning == "drop" else quirks.history_reasoning,
        text_only=quirks.text_only,
        system_first=quirks.system != "anywhere",
        system_as_user=quirks.system == "user",
        alternate=quirks.alternate,
        nine_letter_ids=quirks.tool_ids == "nine_letters",
        hints=True,
    )
