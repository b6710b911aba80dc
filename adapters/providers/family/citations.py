"""Sources by number, as in ``so it is [1]``, as OpenAI's annotations."""

from __future__ import annotations

import re

Json = dict[str, object]
_MARK = re.compile(r"\[(\d{1,3})\]")


def cited_in(text: str, top: Json) -> list[Json]:
    """Return an annotation for each mark in ``text`` whose source stands at the top of the answer."""
    urls = top.get("citations")
    if not isinstance(urls, list):
        return []
    titles = _titles(top.get("search_results"))
    found: list[Json] = []
    for mark in _MARK.finditer(text):
        place = int(mark[1]) - 1
        url = urls[place] if 0 <= place < len(urls) else None
        if isinstance(url, str):
            cited = {"start_index": mark.start(), "end_index": mark.end(), "url": url, "title": titles.get(url, url)}
            found.append({"type": "url_citation", "url_citation": cited})
    return found


def _titles(results: object) -> dict[str, str]:
    titles: dict[str, str] = {}
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict):
            url, title = result.get("url"), result.get("title")
            if isinstance(url, str) and isinstance(title, str):
                titles[url] = title
    return titles
