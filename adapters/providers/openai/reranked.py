"""Documents in order, in the one shape that callers get: Cohere's, with the tokens beside it.

Sources: https://docs.cohere.com/reference/rerank, https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import msgspec

from sluicegate.pipeline.reply import Usage

from .errors import ErrorTable

_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Ranked(msgspec.Struct):
    """One document's place."""

    index: int
    relevance_score: float
    document: object = None


class _Answer(msgspec.Struct):
    results: list[Ranked]
    id: object = None
    meta: object = None


_decode = msgspec.json.Decoder(_Answer).decode


def mend_reranked(
    body: bytes, usage: Usage | None, errors: ErrorTable, *, model: str, fields: Mapping[str, msgspec.Raw]
) -> bytes:
    """Return an answer in the callers' shape; what else it has stays.

    Args:
        body: A checked answer.
        usage: What it has cost.
        errors: For an answer that is none.
        model: What the caller asked.
        fields: The request's; ``return_documents`` says whether documents come back where the server sends them.

    Raises:
        UpstreamError: A result is none.
    """
    try:
        answer, top = _decode(body), _decode_fields(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise errors.nonsense("has results that are none") from error
    wanted = bytes(fields.get("return_documents", b"")) == b"true"
    results = [_result(one, wanted=wanted) for one in answer.results]
    meta = answer.meta if isinstance(answer.meta, dict) else {}
    meta.setdefault("billed_units", {"search_units": 1})
    told = {
        **top,
        "id": answer.id if isinstance(answer.id, str) and answer.id else f"rerank-{secrets.token_hex(12)}",
        "model": model,
        "results": results,
        "meta": meta,
    }
    if usage is not None:
        told["usage"] = {"total_tokens": usage.total}
    return msgspec.json.encode(told)


def _result(one: Ranked, *, wanted: bool) -> dict[str, object]:
    result: dict[str, object] = {"index": one.index, "relevance_score": one.relevance_score}
    if wanted and one.document is not None:
        result["document"] = {"text": one.document} if isinstance(one.document, str) else one.document
    return result
