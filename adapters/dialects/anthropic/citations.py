"""Where a text comes from, as Anthropic's clients read it.

Source: the types ``TextCitation`` of the package anthropic.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_DOCUMENTS = frozenset({"char_location", "page_location", "content_block_location"})
"""Kinds that tell a place in a document of the request."""


def citation_of(citation: Json) -> Json | None:
    """Return a citation in one of the kinds that there are; None for one of another API that names no URL.

    What other APIs cite is told as the result of a search, which is the kind that has a URL.
    """
    kind = citation.get("type")
    if kind in _DOCUMENTS:  # ``title`` is the form's name for what is ``document_title`` here
        known = {name: value for name, value in citation.items() if name != "title"}
        return {"cited_text": "", "document_title": None, "file_id": None, **known}
    if isinstance(kind, str):
        return citation
    url = citation.get("url")
    if not isinstance(url, str):
        return None
    cited_text, title = citation.get("cited_text"), citation.get("title")
    return {
        "type": "web_search_result_location",
        "cited_text": cited_text if isinstance(cited_text, str) else "",
        "encrypted_index": "",
        "title": title if isinstance(title, str) else None,
        "url": url,
    }


def citations_of(citations: tuple[Json, ...]) -> list[Json]:
    """Return the citations of a text, without those that there is no kind for."""
    return [told for citation in citations if (told := citation_of(citation)) is not None]
