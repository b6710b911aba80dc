"""Images for callers of OpenAI's API, from providers that have their own words for them.

Source: https://platform.openai.com/docs/api-reference/images
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import ImageRequest
from sluicegate.pipeline.schemas.forms import ImageEditRequest

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange

_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")


def image_request(exchange: Exchange) -> ImageRequest:
    """Return the typed request; it is there unless `validate` is not in the pipeline."""
    typed = exchange.request.typed
    if isinstance(typed, ImageRequest):
        return typed
    try:
        return msgspec.json.decode(exchange.request.body, type=ImageRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the request for images makes no sense: {error}") from error


def edit_request(exchange: Exchange) -> ImageEditRequest:
    """Return the same of a request to change images, whose files stand beside it."""
    typed = exchange.request.typed
    if isinstance(typed, ImageEditRequest):
        return typed
    try:
        return msgspec.json.decode(exchange.request.body, type=ImageEditRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the request to change images makes no sense: {error}") from error


def refuse_unmade(asked: ImageRequest | ImageEditRequest, dropped: Dropped) -> None:
    """Raise InvalidRequest for what only those have who keep images, or draw them in steps."""
    if asked.response_format == "url":
        raise dropped.unsupported("response_format")
    if asked.stream:
        raise dropped.unsupported("stream")


def sides_of(size: str | None, dropped: Dropped) -> tuple[int, int] | None:
    """Return a width and a height in pixels; None where none are asked for. Raises InvalidRequest for what is none."""
    if size is None or size == "auto":
        return None
    if (sides := _SIZE.fullmatch(size)) is None:
        raise dropped.unsupported("size")
    return int(sides[1]), int(sides[2])


def ratio_of(size: str | None, ratios: Mapping[str, float], dropped: Dropped) -> str:
    """Return the form that a size is nearest to; empty where none is asked for. Raises InvalidRequest."""
    if (sides := sides_of(size, dropped)) is None:
        return ""
    wanted = sides[0] / sides[1]
    return min(ratios, key=lambda name: abs(ratios[name] - wanted))


def images_of(made: Sequence[str], usage: Usage, *, created: int, why: str = "") -> tuple[Reply, Usage]:
    """Return images as OpenAI has them, and what they have cost.

    Args:
        made: The images, in base64.
        usage: Their tokens, where these are counted.
        created: Seconds since the epoch.
        why: What the provider says where there is none.

    Raises:
        InvalidRequest: There is none, which is how a prompt is answered that may not be drawn.
    """
    if not made:
        told = "the provider's safety filters let no image of this prompt through"
        raise InvalidRequest(f"{told}: {why}" if why else told, code="content_policy_violation", param="prompt")
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
