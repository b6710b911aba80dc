"""Texts that say where they come from, stretch by stretch."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from sluicegate.pipeline.form.blocks import Text

Citation = dict[str, Any]
Span = tuple[int, int, tuple[Citation, ...]]
"""From and to in characters of the text, and where that comes from."""


def in_pieces(text: str, spans: Iterable[Span], otherwise: Iterable[Citation]) -> list[Text]:
    """Return a text in pieces, each with where it comes from. Together they are the text.

    Args:
        spans: In any order, and within the text.
        otherwise: Where all of the text comes from, if there are no spans, or some lie over each other.
    """
    found = sorted(spans, key=lambda span: span[:2])
    if not found or any(before[1] > after[0] for before, after in pairwise(found)):
        return [Text(text, citations=tuple(otherwise))]
    pieces: list[Text] = []
    done = 0
    for start, end, citations in found:
        if start > done:
            pieces.append(Text(text[done:start]))
        pieces.append(Text(text[start:end], citations=citations))
        done = end
    if done < len(text):
        pieces.append(Text(text[done:]))
    return pieces
