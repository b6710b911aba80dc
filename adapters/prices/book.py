"""The table of known prices: what a file holds, and how a model's name is found in it.

The file has, for each provider, the pattern of its URLs, the providers whose models it offers besides, and its models
in order. A model has what its name must match, and prices of which the last one that holds counts, each with those of
other classes of service. A match is a text
whose first character says how: ``=`` is it, ``^`` begins so, ``$`` ends so, ``*`` has it in it, ``~`` is a regular
expression. ``["or", ...]`` and ``["and", ...]`` join several. Names are compared in lower case. The first model that
matches is it, so what must be equal is looked up, and of the rest only those before it are tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sluicegate.pipeline.pricing import Price, Rates, Scale, Tier

PATH = Path(__file__).with_name("table.json")
MAX_NAME = 256
"""Characters of a model's name; there is none so long in the table."""
_DAY = 86400
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=[-:]|$)")
_DATE = re.compile(r"[-@](20\d\d-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01]))$")

Match = Callable[[str], bool]


class _Dated(msgspec.Struct):
    """Prices, and from when on or during which seconds of each day they hold, in UTC."""

    rates: Rates
    tiers: list[Tier] = []
    services: dict[str, Scale] = {}
    since: int = 0
    daily: tuple[int, int] | None = None


class _Model(msgspec.Struct):
    match: Any
    prices: list[_Dated]
    least_seconds: float = 0.0


class _Listed(msgspec.Struct):
    url: str
    others: list[str]
    models: msgspec.Raw


class _File(msgspec.Struct):
    source: str
    compiled: str
    providers: dict[str, _Listed]


_decode_models = msgspec.json.Decoder(list[_Model]).decode


class Tariff:
    """The prices of one model, by when they hold.

    Args:
        prices: In the order of the file, at least one: from when on, during which seconds of each day, and the price.
    """

    def __init__(self, prices: Sequence[tuple[int, tuple[int, int] | None, Price]]) -> None:
        self._latest_first = tuple(reversed(prices))
        self._otherwise = prices[0][2]

    def at(self, at: float) -> Price:
        """Return the price at a time in seconds since the epoch: the last one that holds, or else the first."""
        for since, daily, price in self._latest_first:
            if at >= since and (daily is None or _within(daily, at % _DAY)):
                return price
        return self._otherwise


def _within(daily: tuple[int, int], second: float) -> bool:
    start, end = daily
    return start <= second < end if start <= end else second >= start or second < end


class Chapter:
    """The models of one provider."""

    def __init__(self, models: Sequence[_Model]) -> None:
        self._models = models
        self._exact: dict[str, int] = {}
        self._loose: list[tuple[int, Match]] = []
        for place, model in enumerate(models):
            for clause in _alternatives(model.match):
                if isinstance(clause, str) and clause[0] == "=":
                    self._exact.setdefault(clause[1:], place)
                else:
                    self._loose.append((place, _match(clause)))

    def find(self, name: str) -> Tariff | None:
        """Return the tariff of the first model that the name, in lower case, matches."""
        found = self._exact.get(name, len(self._models))
        for place, matches in self._loose:
            if place >= found:
                break
            if matches(name):
                found = place
                break
        if found == len(self._models):
            return None
        model = self._models[found]
        least = model.least_seconds
        prices = [Price(one.rates, one.tiers, one.services, least_seconds=least) for one in model.prices]
        whens = [(one.since, one.daily) for one in model.prices]
        return Tariff([(*when, price) for when, price in zip(whens, prices, strict=True)]) if prices else None


class Book:
    """All of the table. What a provider's models cost is read when it is first asked for.

    Attributes:
        source: What it was compiled from.
        compiled: On which day.
    """

    def __init__(self, data: bytes) -> None:
        file = msgspec.json.decode(data, type=_File)
        self.source = file.source
        self.compiled = file.compiled
        self._listed: Mapping[str, _Listed] = file.providers
        self._chapters: dict[str, Chapter] = {}

    @property
    def providers(self) -> frozenset[str]:
        """All that are in it, by the table's names."""
        return frozenset(self._listed)

    @classmethod
    def open(cls) -> Book:
        """Return the table that comes with the package."""
        return cls(PATH.read_bytes())

    def provider_at(self, url: str) -> str:
        """Return whose API has this URL, by the table's name; empty if nobody's is known to."""
        return next((name for name, listed in self._listed.items() if re.match(listed.url, url)), "")

    def find(self, provider: str, model: str) -> Tariff | None:
        """Return the tariff of a model, or None if it is not known.

        What is not known by its whole name is known by that without its date: a new edition costs what the one before
        did until somebody says otherwise.

        Args:
            provider: By the table's name, which it must have.
            model: As the provider's API has it.
        """
        name = model.lower()
        if not name or len(name) > MAX_NAME:
            return None
        dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        for one in dict.fromkeys((name, dashed, _DATE.sub("", name))):
            for place in (provider, *self._listed[provider].others):
                if (found := self._chapter(place).find(one)) is not None:
                    return found
        return None

    def _chapter(self, provider: str) -> Chapter:
        if provider not in self._chapters:
            self._chapters[provider] = Chapter(_decode_models(self._listed[provider].models))
        return self._chapters[provider]


def _alternatives(clause: Any) -> list[Any]:
    """Return the clauses of which one must hold."""
    if isinstance(clause, str) or clause[0] == "and":
        return [clause]
    return [one for inner in clause[1:] for one in _alternatives(inner)]


def _match(clause: Any) -> Match:
    if not isinstance(clause, str):
        inner = [_match(one) for one in clause[1:]]
        joined = all if clause[0] == "and" else any
        return lambda name: joined(one(name) for one in inner)
    sign, text = clause[0], clause[1:]
    if sign == "~":
        pattern = re.compile(text)
        return lambda name: pattern.search(name) is not None
    tests: dict[str, Match] = {
        "=": lambda name: name == text,
        "^": lambda name: name.startswith(text),
        "$": lambda name: name.endswith(text),
        "*": lambda name: text in name,
    }
    return tests[sign]
