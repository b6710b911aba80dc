"""Documents in the order in which they answer a query: from a caller's words to Cohere's, and back.

Cohere's second version takes texts and answers with their places alone, so what callers want of the documents is taken
from the request again.

Source: https://docs.cohere.com/reference/rerank
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas.explain import explain

from ..embeddings import BYTES_PER_TOKEN
from ..openai.errors import ErrorTable
from ..reading import Malformed, count_in, read_json, text_of
from .wire import failure

Positive = Annotated[int, Meta(ge=1)]


class Asked(msgspec.Struct, frozen=True):
    """What a caller asks.

    Attributes:
        documents: Texts, or objects with a ``text``.
        top_n: How many places to tell; None for all.
        return_documents: Whether each place comes with its document.
        max_tokens_per_doc: After how many tokens a document is cut off.
        rank_fields: What of objects to look at: Cohere's first version had it.
    """

    model: str
    query: str
    documents: Annotated[list[str | dict[str, Any]], Meta(min_length=1)]
    top_n: Positive | None = None
    return_documents: bool | None = None
    max_tokens_per_doc: Positive | None = None
    priority: int | None = None
    rank_fields: list[str] | None = None


class Place(msgspec.Struct):
    """How well one document answers the query."""

    index: int
    relevance_score: float


class Ranking(msgspec.Struct):
    """An answer. One that is an error has ``message``."""

    results: list[Place] | None = None
    id: object = None
    meta: object = None
    message: object = None


_asked = msgspec.json.Decoder(Asked).decode
_ranking = msgspec.json.Decoder(Ranking).decode


def asked_in(fields: Mapping[str, msgspec.Raw]) -> Asked:
    """Return what the top level of a body asks. Raises InvalidRequest with the path of what is wrong."""
    try:
        return _asked(msgspec.json.encode(fields))
    except msgspec.ValidationError as error:
        raise explain(error, Asked) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"the request to rank documents makes no sense: {error}") from error


def rank_body(asked: Asked, model: str, fields: Mapping[str, object], dropped: Dropped) -> dict[str, Any]:
    """Return the body that asks a model.

    Args:
        fields: All that the caller has written; what has no place here is left out with a note.

    Raises:
        InvalidRequest: A document has no text, or Cohere cannot be told something that changes the ranking.
    """
    if asked.rank_fields:
        raise dropped.unsupported("rank_fields")
    for name in fields:
        if name not in Asked.__struct_fields__:
            dropped.drop(name)
    body: dict[str, Any] = {"model": model, "query": asked.query, "documents": _texts(asked)}
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
    seen: set[int] = set()
    results = []
    for place in found.results:
        if not 0 <= place.index < len(asked.documents) or place.index in seen:
            raise Malformed(f"ranks document {place.index} of {len(asked.documents)}, or ranks it twice")
        seen.add(place.index)
        results.append(_result(place, asked))
    usage = _usage(found.meta, asked)
    return {
        "id": text_of(found.id) or f"rerank-{uuid4().hex}",
        "model": asked.model,
        "results": results,
        "meta": found.meta if isinstance(found.meta, dict) else {},
        "usage": {"total_tokens": usage.input},
    }, usage


def _texts(asked: Asked) -> list[str]:
    texts = []
    for place, document in enumerate(asked.documents):
        text = document if isinstance(document, str) else document.get("text")
        if not isinstance(text, str):
            raise InvalidRequest(f"documents[{place}] has no text", param=f"documents[{place}].text")
        texts.append(text)
    return texts


def _result(place: Place, asked: Asked) -> dict[str, Any]:
    result: dict[str, Any] = {"index": place.index, "relevance_score": place.relevance_score}
    if asked.return_documents:
        document = asked.documents[place.index]
        result["document"] = {"text": document} if isinstance(document, str) else document
    return result


def _usage(meta: object, asked: Asked) -> Usage:
    """Return the tokens that were read: those that are told, or about as many as a query beside each text has."""
    told = meta if isinstance(meta, dict) else {}
    for name in ("tokens", "billed_units"):
        counts = told.get(name)
        if isinstance(counts, dict) and (counted := count_in(counts, "input_tokens")):
            return Usage(input=counted)
    size = sum(len(f"{asked.query}{text}".encode("utf-8", "surrogatepass")) for text in _texts(asked))
    return Usage(input=-(-size // BYTES_PER_TOKEN), estimated=True)
