"""How the decoders of streams are held to one another: the boundaries of the bytes must not matter."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import strategies as st

from sluicegate.adapters.upstream.decoder import ItemDecoder
from sluicegate.pipeline.errors import UpstreamError

CUTS = st.lists(st.integers(0, 400), max_size=12)


def cut(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Return a stream in pieces, some of which may be empty."""
    places = [0, *sorted(min(place, len(stream)) for place in cuts), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(places)]


def outcome(decoder: ItemDecoder, pieces: Iterable[bytes]) -> tuple[list[object], str]:
    """Return all items of a stream, and the message of the error at its end. Any other error comes out."""
    items: list[object] = []
    try:
        for piece in pieces:
            items += decoder.feed(piece)
        items += decoder.finish()
    except UpstreamError as error:
        return items, error.message
    return items, ""
