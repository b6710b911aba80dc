"""The simulator's words: plain sentences about water, from a seeded generator."""

from __future__ import annotations

from random import Random

_TEXT = (
    "bank barge bay boat bridge brook calm canal channel clear cloud current dam deep delta drift early eddy evening "
    "ferry field flood flow foam ford gate gentle harbour heron hill island keeper lake level lily lock long meadow "
    "mill mist moon morning mud narrow net oar old otter pebble pier pond pool quay quiet rain reed ridge ripple river "
    "rock rope rush sail salt sand sea shallow shore silt silver slow sluice spring stone stream summer sun swan "
    "swift tide valley wall warm water wave weir wheel wide willow wind"
)
WORDS = _TEXT.split()


def sentences(random: Random, count: int) -> list[str]:
    """Return ``count`` words that make up sentences. Each but the first has its space before it, as tokens have."""
    words: list[str] = []
    while len(words) < count:
        length = min(random.randint(5, 9), count - len(words))
        sentence = random.sample(WORDS, length)
        sentence[0] = sentence[0].capitalize()
        sentence[-1] += "."
        words += sentence
    return [word if place == 0 else " " + word for place, word in enumerate(words)]


def echo(text: str, *, limit: int = 12) -> str:
    """Return the beginning of what somebody said, in one line and at most ``limit`` words."""
    words = text.split()
    said = " ".join(words[:limit])[:200]
    return f"{said} ..." if len(words) > limit else said
