"""Where a text comes from, by what ``groundingMetadata`` says.

Source: https://ai.google.dev/api/generate-content#GroundingMetadata
"""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.form.blocks import Text

from ..cited import Citation, Span, in_pieces
from ..reading import text_of


def citations_of(metadata: Any) -> list[Citation]:
    """Return where a text comes from, by what ``groundingMetadata`` says, each source once."""
    return [source for source in _sources(metadata) if source]


def cited(text: str, metadata: Any) -> list[Text]:
    """Return a text in pieces, each with where it comes from. Together they are the text."""
    sources = _sources(metadata)
    return in_pieces(text, _spans(metadata, sources, text), (source for source in sources if source))


def _sources(metadata: Any) -> list[Citation]:
    chunks = metadata.get("groundingChunks") if isinstance(metadata, dict) else None
    return [_source(chunk) for chunk in chunks] if isinstance(chunks, list) else []


def _spans(metadata: Any, sources: list[Citation], text: str) -> list[Span]:
    """Return the stretches of the text whose place and sources are known."""
    supports = metadata.get("groundingSupports") if isinstance(metadata, dict) else None
    found = []
    for support in supports if isinstance(supports, list) else []:
        place = _place(support.get("segment"), text) if isinstance(support, dict) else None
        if place is not None and (citations := _of(support.get("groundingChunkIndices"), sources)):
            found.append((*place, citations))
    return found


def _of(indices: Any, sources: list[Citation]) -> tuple[Citation, ...]:
    """Return the sources of a stretch by their numbers."""
    known = (
        [one for one in indices if type(one) is int and 0 <= one < len(sources)] if isinstance(indices, list) else []
    )
    return tuple(sources[one] for one in known if sources[one])


def _source(chunk: Any) -> Citation:
    """Return one source. Of the web, of the caller's own store, or of a map."""
    for name in ("web", "retrievedContext", "maps"):
        inner = chunk.get(name) if isinstance(chunk, dict) else None
        if isinstance(inner, dict) and (url := text_of(inner.get("uri"))):
            return {"url": url, "title": text_of(inner.get("title"))}
    return {}


def _place(segment: Any, text: str) -> tuple[int, int] | None:
    """Return where in the text a segment stands, in characters: it counts bytes. None where that is not known."""
    if not isinstance(segment, dict):
        return None
    data = text.encode("utf-8", "surrogatepass")
    start, end = segment.get("startIndex", 0), segment.get("endIndex")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(data):
        return None
    return len(data[:start].decode("utf-8", "ignore")), len(data[:end].decode("utf-8", "ignore"))
