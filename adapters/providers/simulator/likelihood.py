"""How likely the simulator holds its words to be: made up from the words themselves, in OpenAI's two forms.

Sources: https://platform.openai.com/docs/api-reference/chat/object and
https://platform.openai.com/docs/api-reference/completions/object
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from .request import Asked
from .words import WORDS

MOST = 20
"""Alternatives to one token."""
Json = dict[str, Any]


def told(asked: Asked, pieces: list[str], start: int = 0) -> Json | None:
    """Return what an answer, or a part of it, says of its tokens; None where nobody asked.

    Args:
        asked: What was asked.
        pieces: The tokens.
        start: Characters of the answer before them.
    """
    if asked.messages:
        if asked.logprobs is not True:
            return None
        return {"content": [_of_chat(piece, asked.top_logprobs or 0) for piece in pieces], "refusal": None}
    if not isinstance(asked.logprobs, int) or isinstance(asked.logprobs, bool):
        return None
    offsets = accumulate((len(piece) for piece in pieces), initial=start)
    return {
        "tokens": pieces,
        "token_logprobs": [_logprob(piece) for piece in pieces],
        "top_logprobs": [dict(_likeliest(piece, asked.logprobs)) for piece in pieces],
        "text_offset": [offset for offset, _ in zip(offsets, pieces, strict=False)],
    }


def _of_chat(piece: str, most: int) -> Json:
    likeliest = [_entry(token, logprob) for token, logprob in _likeliest(piece, most)]
    return {**_entry(piece, _logprob(piece)), "top_logprobs": likeliest}


def _entry(token: str, logprob: float) -> Json:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "replace"))}


def _likeliest(piece: str, most: int) -> list[tuple[str, float]]:
    """Return the token itself, and others that are less likely the later they come."""
    others = [f" {word}" for word in WORDS if word != piece.strip()]
    first = _logprob(piece)
    listed = [piece, *others][: max(0, min(most, MOST))]
    return [(token, round(first - place, 2)) for place, token in enumerate(listed)]


def _logprob(piece: str) -> float:
    return -(1 + len(piece) % 8) / 100
