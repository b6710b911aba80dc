"""Mistral.

Sources: https://docs.mistral.ai/api and the types of its SDK (mistralai 3.7).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import StreamDecoder, UpstreamHead
from sluicegate.pipeline.registry import provider

from .family import ErrorRules, Member, MessageRules, Profile
from .family.media import MISTRAL_CATEGORIES, mend_moderations
from .family.speech import FORMATS, format_of, read_speech, write_speech
from .openai.sound import said_in
from .openai.urls import PATHS, media
from .spoken import WholeSpeech

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange

URL = "https://api.mistral.ai/v1"
PROFILE = Profile(
    base_url=URL,
    paths={operation: PATHS[operation] for operation in ("chat", "embedding", "transcription")}
    | media("moderation", "speech"),
    media_drops={"speech": frozenset({"instructions", "speed"})},
    messages=MessageRules(
        strip=frozenset(
            {"refusal", "annotations", "audio", "citations", "reasoning_details", "thinking_blocks", "function_call"}
        ),
        named=frozenset({"tool"}),
        parts=frozenset({"text", "image_url", "input_audio", "file"}),
        system_first=True,
        nine_letter_ids=True,
        after_tool="...",
        prefix=True,
    ),
    # Anything else is a 422, "Extra inputs are not permitted".
    allowed=frozenset(
        {
            "frequency_penalty",
            "guardrails",
            "logprobs",
            "max_tokens",
            "metadata",
            "min_tokens",
            "n",
            "parallel_tool_calls",
            "prediction",
            "presence_penalty",
            "prompt_cache_key",
            "prompt_logprobs",
            "prompt_mode",
            "random_seed",
            "reasoning_effort",
            "repetition_penalty",
            "response_format",
            "safe_prompt",
            "service_tier",
            "stop",
            "temperature",
            "tool_choice",
            "tools",
            "top_k",
            "top_logprobs",
            "top_p",
        }
    ),
    refuses=frozenset({"audio", "functions", "function_call"}),
    renames={"max_completion_tokens": "max_tokens", "seed": "random_seed"},
    values={
        "tool_choice": {"required": "any"},
        "service_tier": {"auto": None, "default": None},
    },
    # It has base64, but what is in it depends on `output_dtype`.
    base64=False,
    embedding_drops=frozenset({"user"}),
    embedding_renames={"dimensions": "output_dimension"},
    stream_options=False,
    drop_keys=frozenset({"prefix"}),
    errors=ErrorRules(
        codes={"1500": "model", "1300": "busy", "3505": "busy", "invalid_model": "model"},
        resets=("x-ratelimit-reset-tokens-minute", "ratelimitbysize-reset", "ratelimit-reset"),
    ),
)


class MistralSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Mistral."""

    base_url: Annotated[str, Meta(description="Where its API is, as far as /v1.")] = URL


@provider("mistral", summary="Mistral, by its own API.", settings=MistralSettings)
class Mistral(Member):
    """Translates to Mistral's API."""

    passes = frozenset({"files"})

    profile = PROFILE

    def adjust_media(self, operation: str, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Ask for speech in Mistral's words. Refuse parts to judge: Mistral judges texts."""
        if operation == "speech":
            write_speech(fields, dropped)
            return
        if b'"type"' in bytes(fields.get("input", b"")) and bytes(fields["input"]).lstrip(b"[ ").startswith(b"{"):
            raise dropped.unsupported("input")

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream; speech comes whole. Raises UpstreamError where it is none, such as a page."""
        request = exchange.request
        if request.operation != "speech":
            return super().decoder(exchange, head)
        self._reader.check_type(head)
        read = partial(read_speech, self._errors)
        return WholeSpeech(self._name, FORMATS[format_of(request.fields)], said_in(request), read)

    def mend_media(self, operation: str, body: bytes, model: str) -> bytes:
        """Return judgements with a verdict, and by OpenAI's categories beside Mistral's."""
        return mend_moderations(body, MISTRAL_CATEGORIES)
