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
from .family.media import mend_images, write_size, write_sound
from .family.messages import text_in
from .openai.urls import PATHS, media

URL = "https://api.together.xyz/v1"
_SOUNDS = {"mp3": "mp3", "wav": "wav", "pcm": "raw"}
PROFILE = Profile(
    base_url=URL,
    paths={
        operation: PATHS[operation] for operation in ("chat", "completion", "embedding", "transcription", "translation")
    }
    | media("image", "speech", "rerank"),
    media_drops={
        "image": frozenset({"quality", "style", "background", "moderation", "output_compression", "user"}),
        "speech": frozenset({"instructions", "speed"}),
        "rerank": frozenset({"max_tokens_per_doc"}),
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

    def adjust_media(self, operation: str, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Ask for sides in place of a size, and for images and sound by Together's names."""
        if operation == "speech":
            write_sound(fields, _SOUNDS, dropped)
        elif operation == "image":
            for name in ("stream", "partial_images"):  # an image comes as a whole, and is told as an event here
                fields.pop(name, None)
            write_size(fields, dropped)
            if text_in(fields.get("response_format")) == "b64_json":
                fields["response_format"] = msgspec.Raw(b'"base64"')
            if text_in(fields.get("output_format")) == "webp":
                raise dropped.unsupported("output_format")

    def mend_media(self, operation: str, body: bytes, model: str) -> bytes:
        """Return images as OpenAI has them."""
        return mend_images(body, int(self._wall())) if operation == "image" else body

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
