"""What the shipped cassettes say, and the chance that they are drawn by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

_WORDS = (
    "the a of to and in is it that for on with as was be by at from this have or had not are but what we can you all "
    "will there an each which she do how their if up other about out many then them these so some her would make like "
    "him into time has look two more write go see number no way could people my than first water been call who oil its "
    "now find long down day did get come made may part over new sound take only little work know place year live me "
    "back give most very after thing our just name good sentence man think say great where help through much before "
    "line right too mean old any same tell boy follow came want show also around form three small set put end does "
    "another well large must big even such because turn here why ask went men read need land different home us move "
    "try kind hand picture again change off play spell air away animal house point page letter mother answer found "
    "study still learn should world invoice customer contract delivery database server latency memory network budget "
    "meeting schedule warehouse shipment refund account report quarterly revenue forecast"
)
WORDS = _WORDS.split()
"""Common words of English, and some of an office."""
SYSTEMS = (
    "You are a helpful assistant. Answer briefly, and say so when you do not know.",
    "You help the customers of a shop with their orders. Be polite, and never promise a refund.",
    "You are a careful programmer. Show code first and explain it after.",
    "Translate what the user says into plain English, without adding anything.",
)


def _tool(name: str, description: str, **properties: str) -> dict[str, Any]:
    schema = {field: {"type": "string", "description": told} for field, told in properties.items()}
    parameters = {"type": "object", "properties": schema, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS = (
    _tool("search_documents", "Find documents by what they say.", query="What to look for."),
    _tool("read_file", "Read a file of the project.", query="Its path."),
    _tool("run_query", "Ask the warehouse in SQL.", query="One statement that only reads."),
    _tool("send_message", "Write to somebody.", query="Name and text."),
)


class Chance:
    """Draws from a seed by `Random.random` alone."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def share(self) -> float:
        """Return a number from 0 to below 1."""
        return self._random.random()

    def happens(self, share: float) -> bool:
        """Return True in this share of cases."""
        return self._random.random() < share

    def whole(self, least: int, most: int) -> int:
        """Return a whole number between two."""
        return least + int(self._random.random() * (most - least + 1))

    def one_of(self, choices: Sequence[T]) -> T:
        """Return one of several."""
        return choices[self.whole(0, len(choices) - 1)]

    def span(self, mean: float) -> float:
        """Return a time between two events of a Poisson process, in seconds."""
        return -math.log(1.0 - self._random.random()) * mean

    def arrivals(self, rate: float) -> Iterator[float]:
        """Yield arrival times, in seconds: about ``rate`` a second, for some seconds four times as many, then fewer."""
        now = 0.0
        while True:
            yield round(now, 4)
            burst = math.floor(now / 5.0) % 4 == 2
            now += self.span(1.0 / (rate * (4.0 if burst else 0.5)))

    def text(self, words: int) -> str:
        """Return some words as sentences."""
        said: list[str] = []
        begins = True
        for place in range(words):
            word = self.one_of(WORDS)
            said.append(word.capitalize() if begins else word)
            begins = place == words - 1 or self.happens(0.08)
            if begins:
                said[-1] += "."
        return " ".join(said)
