"""Documents in the order in which they answer a query: from a caller's words to Cohere's, and back.

Source: https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Usage

from ..openai.errors import ErrorTable
from ..ranking import Asked, Place, documents_of, ranking_of, refuse_unknown
from ..reading import Malformed, count_in, read_json, text_of
from .wire import failure


class Ranking(msgspec.Struct):
    """An answer. One that is an error has ``message``."""

    results: list[Place] | None = None
    id: object = None
    meta: object = None
    message: object = None


_ranking = msgspec.json.Decoder(Ranking).decode


def rank_body(asked: Asked, model: str, fields: Mapping[str, object], dropped: Dropped) -> dict[str, Any]:
    """Return the body that asks a model.

    Args:
        fields: All that the caller has written; what has no place here is left out with a note.

    Raises:
        InvalidRequest: A document has no text, or Cohere cannot be told something that changes the ranking.
    """
    refuse_unknown(asked, fields, dropped)
    body: dict[str, Any] = {"model": model, "query": asked.query, "documents": documents_of(asked)}
    for name in ("top_n", "max_tokens_per_doc", "priority"):
        if (value := getattr(asked, name)) is not None:
            body[name] = value
    return body


def read_ranking(data: bytes, asked: Asked, errors: ErrorTable) -> tuple[dict[str, Any], Usage]:
    """Return the answer for the caller, and its tokens: Cohere counts searches, so they are an estimate.

    Raises:
        Malformed: It is none. GatewayError: It is an error in its place.
    """
    found = read_json(_ranking, data)
    if found.results is None:
        if message := text_of(found.message):
            raise failure(message, errors)
        raise Malformed("has no results")
    return ranking_of(found.results, asked, name=text_of(found.id), meta=found.meta, tokens=_told(found.meta))


def _told(meta: object) -> int:
    """Return the tokens that were read, or 0 where they are not told."""
    told = meta if isinstance(meta, dict) else {}
    for name in ("tokens", "billed_units"):
        counts = told.get(name)
        if isinstance(counts, dict) and (counted := count_in(counts, "input_tokens")):
            return counted
    return 0
