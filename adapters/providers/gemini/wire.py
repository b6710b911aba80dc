"""An answer of Gemini's API, as far as it is read. One event of a stream is the same.

Source: https://ai.google.dev/api/generate-content#GenerateContentResponse. Types are loose where nothing depends on
them: an answer is not worth less because its accounts are wrong.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.reply import Usage

NOTHING = msgspec.Raw()


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


class Malformed(ValueError):
    """Not an answer of this API; its text ends a sentence."""


def read_frame(data: bytes) -> Frame:
    """Return an answer or an event. Raises Malformed, whose text goes on from "the answer of provider x"."""
    try:
        if not data.isascii():
            data.decode()
        return _decode(data)
    except msgspec.ValidationError as error:
        raise Malformed(f"is not of its API ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("is not valid JSON" if data.strip() else "is empty") from error


def read_usage(found: object) -> Usage | None:
    """Return what ``usageMetadata`` says, or None if there is none or it says nothing that makes sense."""
    if not isinstance(found, dict):
        return None
    thoughts = _count(found, "thoughtsTokenCount")
    read = _count(found, "promptTokenCount") + _count(found, "toolUsePromptTokenCount")
    wrote = _count(found, "candidatesTokenCount") + thoughts
    if not read and not wrote:
        return None
    return Usage(
        input=read, output=wrote, cached=min(read, _count(found, "cachedContentTokenCount")), reasoning=thoughts
    )


def _count(found: dict[str, object], name: str) -> int:
    value = found.get(name)
    if type(value) is float and value.is_integer() and abs(value) < MAX_COUNT:
        value = int(value)
    return value if type(value) is int and 0 <= value < MAX_COUNT else 0


MAX_COUNT = 1 << 40
"""No answer has so many tokens: a figure beyond is none."""


def text_of(value: object) -> str:
    """Return a value that is a string, or else an empty one."""
    return value if isinstance(value, str) else ""
