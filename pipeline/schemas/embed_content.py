"""The requests of Gemini's ``:embedContent`` and ``:batchEmbedContents``, and what they are as embeddings of texts.

Names are in camel case; see `generate_names` for the other spelling. Newer clients put the options of one text into
``embedContentConfig``.

Source: https://ai.google.dev/api/embeddings
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..errors import InvalidRequest
from .decode import parse, too_deep
from .explain import explain
from .fields import Positive


class _Part(msgspec.Struct, kw_only=True, frozen=True):
    text: str | None = None


class _Content(msgspec.Struct, kw_only=True, frozen=True):
    parts: Annotated[list[_Part], Meta(min_length=1)]


class _Options(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What may be said of a text in two places."""

    output_dimensionality: Positive | None = None
    task_type: str | None = None
    title: str | None = None


class EmbedContentRequest(_Options, kw_only=True, frozen=True, rename="camel"):
    """One content to embed."""

    content: _Content
    model: str | None = None
    embed_content_config: _Options | None = None


class BatchEmbedContentsRequest(msgspec.Struct, kw_only=True, frozen=True):
    """Several of them."""

    requests: Annotated[list[EmbedContentRequest], Meta(min_length=1, max_length=2048)]


Hints = tuple[dict[str, str], ...]
"""For each text what its caller says of it in Gemini's words, such as a ``taskType``."""
_one = msgspec.json.Decoder(EmbedContentRequest).decode
_several = msgspec.json.Decoder(BatchEmbedContentsRequest).decode


def embedding_of(body: bytes, model: str, *, batch: bool) -> tuple[bytes, Hints]:
    """Return the body of the same request for embeddings in OpenAI's words, and what those have no word for.

    Args:
        body: In camel case.
        model: The model in the path.
        batch: Whether it has several contents.

    Raises:
        InvalidRequest: It is no such request, has contents that are no texts, or asks for vectors of different lengths.
    """
    parse(body)
    try:
        asked = _several(body).requests if batch else [_one(body)]
    except RecursionError as error:
        raise too_deep() from error
    except msgspec.ValidationError as error:
        raise explain(error, BatchEmbedContentsRequest if batch else EmbedContentRequest) from error
    places = [f"requests[{index}]." if batch else "" for index in range(len(asked))]
    texts = [_text(place, one, model) for place, one in zip(places, asked, strict=True)]
    lengths = [_said(one, "output_dimensionality") for one in asked]
    for place, length in zip(places, lengths, strict=True):
        if length != lengths[0]:
            raise _refused(f"{place}outputDimensionality", "must be the same in all requests of a batch")
    fields: dict[str, Any] = {"model": model, "input": texts, "encoding_format": "float"}
    if lengths[0] is not None:
        fields["dimensions"] = lengths[0]
    hints = tuple(_hints(one) for one in asked)
    return msgspec.json.encode(fields), hints if any(hints) else ()


def _text(place: str, one: EmbedContentRequest, model: str) -> str:
    if one.model is not None and one.model.removeprefix("models/") != model.removeprefix("models/"):
        raise _refused(f"{place}model", "must be the model in the path")
    path = f"{place}content.parts"
    for index, part in enumerate(one.content.parts):
        if part.text is None:
            raise _refused(f"{path}[{index}]", "only texts can be embedded", code="unsupported_parameter")
    text = "\n".join(part.text or "" for part in one.content.parts)  # several texts that have one vector together
    if not text:
        raise _refused(path, "must not be empty", code="empty_string")
    return text


def _said(one: EmbedContentRequest, name: str) -> Any:
    value = getattr(one, name)
    return getattr(one.embed_content_config, name, None) if value is None else value


def _hints(one: EmbedContentRequest) -> dict[str, str]:
    said = {"taskType": _said(one, "task_type"), "title": _said(one, "title")}
    return {name: value for name, value in said.items() if value is not None}


def _refused(path: str, why: str, *, code: str = "invalid_value") -> InvalidRequest:
    return InvalidRequest(f"{path}: {why}", param=path, code=code)
