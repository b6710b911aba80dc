"""The simulator's words: plain sentences about water, from a seeded generator."""

from __future__ import annotations

from functools import cache
from random import Random

_TEXT = (
    "bank barge bay boat bridge brook calm canal channel clear cloud current dam deep delta drift early eddy evening "
    "ferry field flood flow foam ford gate gentle harbour heron hill island keeper lake level lily lock long meadow "
    "mill mist moon morning mud narrow net oar old otter pebble pier pond pool quay quiet rain reed ridge ripple river "
    "rock rope rush sail salt sand sea shallow shore silt silver slow sluice spring stone stream summer sun swan "
    "swift tide valley wall warm water wave weir wheel wide willow wind"
)
WORDS = _TEXT.split()


TEXT = 4096
"""How many words there are to be cut from."""


def sentences(place: int, count: int) -> list[str]:
    """Return ``count`` words that make up sentences. Each has its space before it, as tokens have.

    Args:
        place: Any number; it says which sentence is the first.
    """
    words, beginnings = _text()
    start = beginnings[place % len(beginnings)]
    cut = words[start : start + count]
    while len(cut) < count:
        cut += words[: count - len(cut)]
    if cut and not cut[-1].endswith("."):
        cut[-1] += "."
    return cut


@cache
def _text() -> tuple[list[str], list[int]]:
    """Return the text that answers are cut from, and where its sentences begin. Making it up each time takes longer."""
    random = Random(0)
    words: list[str] = []
    beginnings: list[int] = []
    while len(words) < TEXT:
        beginnings.append(len(words))
        sentence = random.sample(WORDS, random.randint(5, 9))
        sentence[0] = sentence[0].capitalize()
        sentence[-1] += "."
        words += [" " + word for word in sentence]
    return words, beginnings


def echo(text: str, *, limit: int = 12) -> str:
    """Return the beginning of what somebody said, in one line and at most ``limit`` words."""
    words = text.split(maxsplit=limit)  # the rest of a long prompt stays whole
    said = " ".join(words[:limit])[:200]
    return f"{said} ..." if len(words) > limit else said
