"""Documents in the order in which they answer a query: what callers ask, and the answer that they get.

Providers answer with places alone, so what callers want of the documents is taken from the request again.

Source: https://docs.cohere.com/reference/rerank, whose words callers use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas.explain import explain

from .embeddings import BYTES_PER_TOKEN
from .reading import Malformed

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


_asked = msgspec.json.Decoder(Asked).decode


def asked_in(fields: Mapping[str, msgspec.Raw]) -> Asked:
    """Return what the top level of a body asks. Raises InvalidRequest with the path of what is wrong."""
    try:
        return _asked(msgspec.json.encode(fields))
    except msgspec.ValidationError as error:
        raise explain(error, Asked) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"the request to rank documents makes no sense: {error}") from error


def refuse_unknown(asked: Asked, fields: Mapping[str, object], dropped: Dropped) -> None:
    """Raise InvalidRequest for what would change the ranking, and note what has no place in it.

    Args:
        fields: All that the caller has written.
    """
    if asked.rank_fields:
        raise dropped.unsupported("rank_fields")
    for name in fields:
        if name not in Asked.__struct_fields__:
            dropped.drop(name)


def documents_of(asked: Asked) -> list[str]:
    """Return the texts of the documents. Raises InvalidRequest where one has none."""
    texts = []
    for place, document in enumerate(asked.documents):
        text = document if isinstance(document, str) else document.get("text")
        if not isinstance(text, str):
            raise InvalidRequest(f"documents[{place}] has no text", param=f"documents[{place}].text")
        texts.append(text)
    return texts


def ranking_of(
    places: Iterable[Place], asked: Asked, *, name: str = "", meta: object = None, tokens: int = 0
) -> tuple[dict[str, Any], Usage]:
    """Return the answer for the caller, and its tokens.

    Args:
        places: In the provider's order.
        name: The answer's id; one is made where there is none.
        meta: What else the provider tells.
        tokens: Those that were read; 0 for an estimate, since most count searches.

    Raises:
        Malformed: A place is none, or is told twice.
    """
    seen: set[int] = set()
    results = []
    for place in places:
        if not 0 <= place.index < len(asked.documents) or place.index in seen:
            raise Malformed(f"ranks document {place.index} of {len(asked.documents)}, or ranks it twice")
        seen.add(place.index)
        results.append(_result(place, asked))
    usage = Usage(input=tokens) if tokens else _estimate(asked)
    return {
        "id": name or f"rerank-{uuid4().hex}",
        "model": asked.model,
        "results": results,
        "meta": meta if isinstance(meta, dict) else {},
        "usage": {"total_tokens": usage.input},
    }, usage


def _result(place: Place, asked: Asked) -> dict[str, Any]:
    result: dict[str, Any] = {"index": place.index, "relevance_score": place.relevance_score}
    if asked.return_documents:
        document = asked.documents[place.index]
        result["document"] = {"text": document} if isinstance(document, str) else document
    return result


def _estimate(asked: Asked) -> Usage:
    """Return about as many tokens as a query beside each text has."""
    size = sum(len(f"{asked.query}{text}".encode("utf-8", "surrogatepass")) for text in documents_of(asked))
    return Usage(input=-(-size // BYTES_PER_TOKEN), estimated=True)
