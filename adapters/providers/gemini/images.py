"""Images: OpenAI's requests as Imagen's ``predict``, or as a chat with a model of Gemini that draws.

Sources: https://ai.google.dev/gemini-api/docs/imagen, https://ai.google.dev/gemini-api/docs/image-generation
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import UnsupportedEndpoint
from sluicegate.pipeline.files import Joined
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import ImageRequest
from sluicegate.pipeline.schemas.forms import ImageEditRequest

from ..inlined import image_type, images_in, write_inlined
from ..pictures import edit_request, image_request, images_of, ratio_of, refuse_unmade
from ..reading import Malformed
from .errors import GoogleErrors
from .wire import read_usage

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange
    from sluicegate.pipeline.provider import UpstreamHead

RATIOS = {"1:1": 1.0, "3:4": 0.75, "4:3": 4 / 3, "9:16": 9 / 16, "16:9": 16 / 9}
"""Forms that all of the models have; a size becomes the nearest of them."""
METHOD = "generateContent"
_EDIT_HINTS = ("input_fidelity",)
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
    asked = image_request(exchange)
    for name in _HINTS:
        if getattr(asked, name) is not None:
            dropped.drop(name)
    refuse_unmade(asked, dropped)
    if model.startswith("imagen"):
        ratio = ratio_of(asked.size, RATIOS, dropped)
        parameters: dict[str, object] = {"sampleCount": asked.n or 1} | ({"aspectRatio": ratio} if ratio else {})
        return "predict", msgspec.json.encode({"instances": [{"prompt": asked.prompt}], "parameters": parameters})
    config = _config(asked, dropped)
    contents = [{"role": "user", "parts": [{"text": asked.prompt}]}]
    return METHOD, msgspec.json.encode({"contents": contents, "generationConfig": config})


def edit_body(exchange: Exchange, model: str, dropped: Dropped, provider: str) -> Joined:
    """Return the body of `METHOD` that asks a model that draws to change images. See `image_body`.

    Raises:
        InvalidRequest: The request asks for what the API has not, or the model knows no images but its own.
    """
    if model.startswith("imagen"):
        raise UnsupportedEndpoint.of(provider, exchange.request.operation)
    asked = edit_request(exchange)
    for name in (*_EDIT_HINTS, *_HINTS):
        if getattr(asked, name, None) is not None:
            dropped.drop(name)
    refuse_unmade(asked, dropped)
    config = _config(asked, dropped)
    images = images_in(exchange.request, dropped)

    def written(data: list[str]) -> dict[str, object]:
        pairs = zip(images, data, strict=True)
        inline = [{"inlineData": {"mimeType": image_type(file), "data": text}} for file, text in pairs]
        return {"contents": [{"role": "user", "parts": [*inline, {"text": asked.prompt}]}], "generationConfig": config}

    return write_inlined(images, written)


def _config(asked: ImageRequest | ImageEditRequest, dropped: Dropped) -> dict[str, object]:
    if (asked.n or 1) > 1:
        raise dropped.unsupported("n")
    config: dict[str, object] = {"responseModalities": ["TEXT", "IMAGE"]}
    if ratio := ratio_of(asked.size, RATIOS, dropped):
        config["imageConfig"] = {"aspectRatio": ratio}
    return config


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
    return images_of(_made(found), read_usage(found.usage_metadata) or Usage(), created=created)


def _made(found: _Images) -> list[str]:
    made = [one.bytes_base64_encoded for one in found.predictions or () if one.bytes_base64_encoded]
    for candidate in found.candidates or ():
        parts = (candidate.content.parts or ()) if candidate.content is not None else ()
        # What is drawn while thinking is no part of the answer.
        made += [part.inline_data.data for part in parts if part.inline_data and not part.thought]
    return made
