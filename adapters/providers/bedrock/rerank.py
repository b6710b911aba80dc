"""Rankings, by the API ``Rerank``, which has a host of its own and takes signatures alone.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html
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
from .places import model_arn

MOST = 1000
"""Documents of one call."""


class _Result(msgspec.Struct, rename="camel"):
    index: int
    relevance_score: float


class _Ranking(msgspec.Struct):
    results: list[_Result]


_decode = msgspec.json.Decoder(_Ranking).decode


def rank_body(asked: Asked, model: str, region: str, fields: Mapping[str, object], dropped: Dropped) -> dict[str, Any]:
    """Return the body that asks a model to rank.

    Args:
        fields: All that the caller has written; what has no place here is left out with a note.

    Raises:
        InvalidRequest: A document has no text, or the API cannot be told something that changes the ranking.
    """
    refuse_unknown(asked, fields, dropped)
    texts = documents_of(asked)
    if len(texts) > MOST:
        raise InvalidRequest(f"{len(texts)} documents are more than Bedrock ranks, {MOST}", param="documents")
    if asked.priority is not None:
        dropped.drop("priority")
    configured: dict[str, Any] = {"modelArn": model_arn(model, region)}
    if asked.max_tokens_per_doc is not None and "cohere" in model:
        configured["additionalModelRequestFields"] = {"max_tokens_per_doc": asked.max_tokens_per_doc}
    elif asked.max_tokens_per_doc is not None:
        dropped.drop("max_tokens_per_doc")
    sources = [
        {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}} for text in texts
    ]
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": asked.query}}],
        "sources": sources,
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {
                "modelConfiguration": configured,
                # Unsaid, fewer than all would come back.
                "numberOfResults": min(asked.top_n or len(texts), len(texts)),
            },
        },
    }


def read_ranking(body: bytes, asked: Asked) -> tuple[dict[str, Any], Usage]:
    """Return the answer for the caller, and its tokens, an estimate. Raises Malformed."""
    found = read_json(_decode, body)
    if not found.results:
        raise Malformed("has no results")
    return ranking_of((Place(one.index, one.relevance_score) for one in found.results), asked)
