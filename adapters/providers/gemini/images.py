"""Images: OpenAI's requests as Imagen's ``predict``, or as a chat with a model of Gemini that draws.

Sources: https://ai.google.dev/gemini-api/docs/imagen, https://ai.google.dev/gemini-api/docs/image-generation
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import ImageRequest

from ..reading import Malformed
from .errors import GoogleErrors
from .wire import read_usage

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange
    from sluicegate.pipeline.provider import UpstreamHead

RATIOS = {"1:1": 1.0, "3:4": 0.75, "4:3": 4 / 3, "9:16": 9 / 16, "16:9": 16 / 9}
"""Forms that all of the models have; a size becomes the nearest of them."""
_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")
_HINTS = (
    "quality",
    "style",
    "background",
    "moderation",
    "output_compression",
    "output_format",
    "user",
)


class _Prediction(msgspec.Struct, rename="camel"):
    bytes_base64_encoded: str | None = None


class _Data(msgspec.Struct):
    data: str = ""


class _Part(msgspec.Struct, rename="camel"):
    inline_data: _Data | None = None
    thought: bool | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct):
    content: _Content | None = None


class _Images(msgspec.Struct, rename="camel"):
    """What either method answers."""

    predictions: list[_Prediction] | None = None
    candidates: list[_Candidate] | None = None
    prompt_feedback: object = None
    usage_metadata: object = None


_decode = msgspec.json.Decoder(_Images).decode


def image_body(exchange: Exchange, model: str, dropped: Dropped) -> tuple[str, bytes]:
    """Return the method to call, and its body.

    Args:
        exchange: What is asked.
        model: The target's name for the model, without what says where it is.
        dropped: Takes what has to be left out.

    Raises:
        InvalidRequest: The request asks for what the API has not.
    """
    asked = _request(exchange)
    for name in _HINTS:
        if getattr(asked, name) is not None:
            dropped.drop(name)
    if asked.response_format == "url":
        raise dropped.unsupported("response_format")
    if asked.stream:
        raise dropped.unsupported("stream")
    ratio = _ratio(asked.size, dropped)
    if model.startswith("imagen"):
        parameters: dict[str, object] = {"sampleCount": asked.n or 1} | ({"aspectRatio": ratio} if ratio else {})
        return "predict", msgspec.json.encode({"instances": [{"prompt": asked.prompt}], "parameters": parameters})
    if (asked.n or 1) > 1:
        raise dropped.unsupported("n")
    config: dict[str, object] = {"responseModalities": ["TEXT", "IMAGE"]}
    if ratio:
        config["imageConfig"] = {"aspectRatio": ratio}
    contents = [{"role": "user", "parts": [{"text": asked.prompt}]}]
    return "generateContent", msgspec.json.encode({"contents": contents, "generationConfig": config})


def images_reply(errors: GoogleErrors, head: UpstreamHead, body: bytes, *, created: int) -> tuple[Reply, Usage]:
    """Return the images as OpenAI has them, and what they have cost.

    Raises:
        InvalidRequest: There are none, which is how a prompt is answered that may not be drawn.
        UpstreamError: The answer is none of the API's.
    """
    errors.check_type(head, body)
    try:
        found = _decode(body)
        if found.predictions is None and found.candidates is None and found.prompt_feedback is None and body != b"{}":
            raise Malformed("has neither predictions nor candidates")
    except Malformed as error:
        raise errors.nonsense(str(error)) from error
    except msgspec.ValidationError as error:
        raise errors.nonsense(f"is not of its API ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.nonsense("is not valid JSON" if body.strip() else "is empty") from error
    made = _made(found)
    if not made:
        told = "the provider's safety filters let no image of this prompt through"
        raise InvalidRequest(told, code="content_policy_violation", param="prompt")
    usage = read_usage(found.usage_metadata) or Usage()
    drawn = usage.image_output or usage.output - usage.reasoning
    usage = msgspec.structs.replace(usage, images=len(made), image_output=drawn)
    answer: dict[str, object] = {"created": created, "data": [{"b64_json": data} for data in made]}
    if usage.total:
        details = {"text_tokens": usage.input - usage.image_input, "image_tokens": usage.image_input}
        answer["usage"] = {
            "input_tokens": usage.input,
            "output_tokens": usage.output,
            "total_tokens": usage.total,
            "input_tokens_details": details,
        }
    return Reply(body=msgspec.json.encode(answer)), usage


def _made(found: _Images) -> list[str]:
    made = [one.bytes_base64_encoded for one in found.predictions or () if one.bytes_base64_encoded]
    for candidate in found.candidates or ():
        parts = (candidate.content.parts or ()) if candidate.content is not None else ()
        # What is drawn while thinking is no part of the answer.
        made += [part.inline_data.data for part in parts if part.inline_data and not part.thought]
    return made


def _ratio(size: str | None, dropped: Dropped) -> str:
    """Return the form that a size is nearest to; empty where none is asked for. Raises InvalidRequest."""
    if size is None or size == "auto":
        return ""
    if (sides := _SIZE.fullmatch(size)) is None:
        raise dropped.unsupported("size")
    wanted = int(sides[1]) / int(sides[2])
    return min(RATIOS, key=lambda name: abs(RATIOS[name] - wanted))


def _request(exchange: Exchange) -> ImageRequest:
    """Return the typed request; it is there unless `validate` is not in the pipeline."""
    typed = exchange.request.typed
    if isinstance(typed, ImageRequest):
        return typed
    try:
        return msgspec.json.decode(exchange.request.body, type=ImageRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the request for images makes no sense: {error}") from error
