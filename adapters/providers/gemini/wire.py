"""An answer of Gemini's API, as far as it is read. One event of a stream is the same.

Source: https://ai.google.dev/api/generate-content#GenerateContentResponse. Types are loose where nothing depends on
them: an answer is not worth less because its accounts are wrong.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from sluicegate.pipeline.reply import Usage

from ..reading import count_in, read_json

NOTHING = msgspec.Raw()
_SOUND, _IMAGES, _DOCUMENTS = "AUDIO", "IMAGE", "DOCUMENT"
"""Sorts of tokens that may have a price of their own. Documents are read as images."""


class Blob(msgspec.Struct, rename="camel"):
    """Bytes in base64."""

    mime_type: str = ""
    data: str = ""


class Call(msgspec.Struct):
    """A call of a function. ``args`` keep the model's spelling."""

    name: str = ""
    args: msgspec.Raw = NOTHING
    id: str | None = None


class Code(msgspec.Struct):
    """Code that the model has run, or what it printed."""

    language: str = ""
    code: str = ""
    output: str = ""


class Part(msgspec.Struct, rename="camel"):
    """One piece of an answer: one of its fields is there."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: Call | None = None
    inline_data: Blob | None = None
    executable_code: Code | None = None
    code_execution_result: Code | None = None


class Content(msgspec.Struct):
    """The pieces. Null where all tokens went into thinking."""

    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One of the answers."""

    content: Content | None = None
    finish_reason: str | None = None
    finish_message: object = None
    index: int = 0
    grounding_metadata: Any = None
    logprobs_result: Any = None


class Feedback(msgspec.Struct, rename="camel"):
    """What was found wrong with the prompt."""

    block_reason: str | None = None


class Frame(msgspec.Struct, rename="camel"):
    """A whole answer, or one event of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: Any = None
    model_version: object = None
    response_id: object = None
    error: object = None


_decode = msgspec.json.Decoder(Frame).decode


def read_frame(data: bytes) -> Frame:
    """Return an answer or an event. Raises Malformed."""
    return read_json(_decode, data)


def read_usage(found: object) -> Usage | None:
    """Return what ``usageMetadata`` says, or None if there is none or it says nothing that makes sense."""
    if not isinstance(found, dict):
        return None
    thoughts = count_in(found, "thoughtsTokenCount")
    read = count_in(found, "promptTokenCount") + count_in(found, "toolUsePromptTokenCount")
    wrote = count_in(found, "candidatesTokenCount") + thoughts
    if not read and not wrote:
        return None
    asked, from_tools = (_by_sort(found, name) for name in ("promptTokensDetails", "toolUsePromptTokensDetails"))
    kept, said = (_by_sort(found, name) for name in ("cacheTokensDetails", "candidatesTokensDetails"))
    cached = min(read, count_in(found, "cachedContentTokenCount"))
    sound = min(read, asked[_SOUND] + from_tools[_SOUND])
    images = min(read - sound, asked[_IMAGES] + from_tools[_IMAGES])
    return Usage(
        input=read,
        output=wrote,
        cached=cached,
        reasoning=thoughts,
        audio_input=sound,
        audio_cached=min(cached, sound, kept[_SOUND]),
        audio_output=min(wrote, said[_SOUND]),
        image_input=images,
        image_cached=min(cached, images, kept[_IMAGES]),
        image_output=min(wrote, said[_IMAGES]),
    )


def _by_sort(found: dict[str, Any], name: str) -> Counter[str]:
    """Return the tokens of a list of details, by what they are."""
    counts: Counter[str] = Counter()
    details = found.get(name)
    for one in details if isinstance(details, list) else ():
        if isinstance(one, dict) and isinstance(sort := one.get("modality"), str):
            counts[_IMAGES if sort == _DOCUMENTS else sort] += count_in(one, "tokenCount")
    return counts
