"""The texts of such requests, and what they need beyond the types of their fields."""

from __future__ import annotations

from collections.abc import Iterator

from .json_texts import Text
from .media import ImageRequest, MediaRequest, ModerationPart, ModerationRequest, SpeechRequest
from .refusals import refuse, require


def check_media(typed: MediaRequest) -> None:
    """Raise InvalidRequest where a typed request breaks a rule."""
    if isinstance(typed, ImageRequest):
        if typed.partial_images and not typed.stream:
            refuse("partial_images", "only allowed when stream is true")
    elif isinstance(typed, ModerationRequest) and not isinstance(typed.input, str):
        if len({isinstance(item, str) for item in typed.input}) > 1:
            refuse("input", "a list must hold strings or parts, not a mixture", "invalid_type")
        for index, part in enumerate(typed.input):
            if isinstance(part, ModerationPart) and part.type in ("text", "image_url"):
                require(getattr(part, part.type), f"input[{index}].{part.type}", f"for a part of type {part.type}")


def texts_of_media(typed: MediaRequest) -> Iterator[Text]:
    """Yield (path, text) of every text that a model is to read, in order; images and their addresses are none."""
    if isinstance(typed, ImageRequest):
        yield "prompt", typed.prompt
    elif isinstance(typed, SpeechRequest):
        yield "input", typed.input
        if typed.instructions is not None:
            yield "instructions", typed.instructions
    elif isinstance(typed, ModerationRequest):
        if isinstance(typed.input, str):
            yield "input", typed.input
            return
        for index, item in enumerate(typed.input):
            if isinstance(item, str):
                yield f"input[{index}]", item
            elif item.text is not None:
                yield f"input[{index}].text", item.text
    else:
        yield "query", typed.query
        for index, document in enumerate(typed.documents):
            if isinstance(document, str):
                yield f"documents[{index}]", document
            elif document.text is not None:
                yield f"documents[{index}].text", document.text
