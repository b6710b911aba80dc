"""Embeddings by the method ``predict``.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..reading import MAX_COUNT, Malformed


class _Statistics(msgspec.Struct):
    token_count: object = None


class _Embeddings(msgspec.Struct):
    values: list[float]
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Embeddings


class _Predictions(msgspec.Struct):
    predictions: list[_Prediction]


_decode = msgspec.json.Decoder(_Predictions).decode


def predict_body(request: EmbeddingRequest, texts: Sequence[str]) -> bytes:
    """Return the body that asks for the embeddings of texts."""
    body: dict[str, object] = {"instances": [{"content": text} for text in texts]}
    if request.dimensions is not None:
        body["parameters"] = {"outputDimensionality": request.dimensions}
    return msgspec.json.encode(body)


def read_predictions(body: bytes) -> tuple[list[list[float]], Usage | None]:
    """Return the vectors of an answer, and its tokens where all of them are counted. Raises Malformed."""
    try:
        found = _decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(f"is not of its API ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("is not valid JSON" if body.strip() else "is empty") from error
    counts = [_tokens(one.embeddings.statistics) for one in found.predictions]
    read = sum(count for count in counts if count is not None)
    usage = Usage(input=read) if counts and None not in counts else None
    return [one.embeddings.values for one in found.predictions], usage


def _tokens(statistics: _Statistics | None) -> int | None:
    count = statistics.token_count if statistics is not None else None
    return int(count) if isinstance(count, int | float) and 0 <= count < MAX_COUNT else None
