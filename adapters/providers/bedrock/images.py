"""Images by ``InvokeModel``, in the words of whoever has made the model.

Sources: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html and
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-3-5-large.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import UnsupportedEndpoint
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import ImageRequest

from ..openai.errors import ErrorTable
from ..pictures import images_of, ratio_of, refuse_unmade, sides_of
from ..problem import Problem
from ..reading import Malformed, read_json
from .tables import FORMATS, QUALITIES, RATIOS, painter_of

MOST = 5
"""Images of one call, with Amazon's own models."""
FAILED = "Inference error"
"""What Stability's models say where the fault is their own."""
_HINTS = ("style", "background", "moderation", "output_compression", "partial_images", "user")


class _Images(msgspec.Struct):
    """What any of them answers: Amazon's say ``error``, Stability's ``finish_reasons``, where images are missing."""

    images: list[str] | None = None
    error: str | None = None
    finish_reasons: list[str | None] | None = None


_decode = msgspec.json.Decoder(_Images).decode


def image_body(asked: ImageRequest, model: str, dropped: Dropped, provider: str) -> dict[str, Any]:
    """Return the body that asks a model for images. Raises InvalidRequest for what it cannot be told."""
    painter = painter_of(model, asked.model)
    if not painter:
        raise UnsupportedEndpoint(f"provider {provider!r} knows no images of {model[:80]!r}", param="model")
    for name in _HINTS:
        if getattr(asked, name) is not None:
            dropped.drop(name)
    refuse_unmade(asked, dropped)
    return _amazons(asked, dropped) if painter == "amazon" else _stabilitys(asked, dropped)


def _amazons(asked: ImageRequest, dropped: Dropped) -> dict[str, Any]:
    if (asked.n or 1) > MOST:
        raise dropped.unsupported("n", f"n above {MOST}")
    if asked.output_format not in (None, "png"):
        dropped.drop("output_format")
    config: dict[str, Any] = {"numberOfImages": asked.n or 1}
    if sides := sides_of(asked.size, dropped):
        config["width"], config["height"] = sides
    if asked.quality in QUALITIES:
        config["quality"] = QUALITIES[asked.quality]
    elif asked.quality not in (None, "auto"):
        dropped.drop("quality")
    return {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": asked.prompt},
        "imageGenerationConfig": config,
    }


def _stabilitys(asked: ImageRequest, dropped: Dropped) -> dict[str, Any]:
    if (asked.n or 1) > 1:
        raise dropped.unsupported("n", "n above 1, with this model")
    if asked.quality is not None:
        dropped.drop("quality")
    body: dict[str, Any] = {"prompt": asked.prompt}
    if ratio := ratio_of(asked.size, RATIOS, dropped):
        body["aspect_ratio"] = ratio
    if asked.output_format in FORMATS:
        body["output_format"] = asked.output_format
    elif asked.output_format is not None:
        dropped.drop("output_format")
    return body


def read_images(errors: ErrorTable, body: bytes, *, created: int) -> tuple[Reply, Usage]:
    """Return the images as OpenAI has them, and how many.

    Raises:
        Malformed: The answer is none.
        InvalidRequest: There are none, since the prompt may not be drawn.
        UpstreamError: The model failed.
    """
    found = read_json(_decode, body)
    if found.images is None and not found.error and not any(found.finish_reasons or ()):
        raise Malformed("has no images")
    made = [image for image in found.images or () if image]
    reasons = [reason for reason in found.finish_reasons or () if reason]
    if not made and FAILED in reasons:
        raise errors.error(500, Problem(FAILED))
    why = found.error or ", ".join(reasons)
    return images_of(made, Usage(), created=created, why=why[:200])
