"""Rankings, by the ranking API of Discovery Engine, which has a host of its own and a place in each project.

Source: https://docs.cloud.google.com/generative-ai-app-builder/docs/reference/rest/v1/projects.locations.rankingConfigs/rank
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Usage

from ..ranking import Asked, Place, documents_of, ranking_of, refuse_unknown
from ..reading import Malformed, read_json

MOST = 200
"""Documents of one call."""
_HINTS = ("max_tokens_per_doc", "priority")


class _Record(msgspec.Struct):
    id: str
    score: float


class _Ranking(msgspec.Struct):
    records: list[_Record]


_decode = msgspec.json.Decoder(_Ranking).decode


def rank_body(asked: Asked, model: str, fields: Mapping[str, object], dropped: Dropped) -> bytes:
    """Return the body that asks a model to rank.

    Args:
        fields: All that the caller has written; what has no place here is left out with a note.

    Raises:
        InvalidRequest: A document has no text, or the API cannot be told something that changes the ranking.
    """
    refuse_unknown(asked, fields, dropped)
    texts = documents_of(asked)
    if len(texts) > MOST:
        raise InvalidRequest(f"{len(texts)} documents are more than Vertex AI ranks, {MOST}", param="documents")
    for name in _HINTS:
        if getattr(asked, name) is not None:
            dropped.drop(name)
    body: dict[str, Any] = {
        "model": model,
        "query": asked.query,
        "records": [{"id": str(place), "content": text} for place, text in enumerate(texts)],
        "ignoreRecordDetailsInResponse": True,
    }
    if asked.top_n is not None:
        body["topN"] = asked.top_n
    return msgspec.json.encode(body)


def read_ranking(body: bytes, asked: Asked) -> tuple[dict[str, Any], Usage]:
    """Return the answer for the caller, and its tokens, an estimate. Raises Malformed."""
    found = read_json(_decode, body)
    if not found.records:
        raise Malformed("has no records")
    return ranking_of([Place(_index(one.id), one.score) for one in found.records], asked)


def _index(name: str) -> int:
    if not (name.isascii() and name.isdigit() and len(name) < 10):
        raise Malformed("ranks a document that is none")
    return int(name)
