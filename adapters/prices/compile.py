"""Write the table of prices again, from the data of the package ``genai-prices``, which nothing else here needs.

Run: ``make prices``. What the table holds and how is said in `book.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import msgspec
from genai_prices import types as theirs
from genai_prices.data import providers

from sluicegate.pipeline.pricing import FEMTO, Rates

from .book import PATH

KINDS = {
    "input": ("input_mtok", 10**6),
    "output": ("output_mtok", 10**6),
    "cached": ("cache_read_mtok", 10**6),
    "cache_write": ("cache_write_mtok", 10**6),
    "cache_write_1h": ("cache_write_1h_mtok", 10**6),
    "reasoning": ("output_reasoning_mtok", 10**6),
    "audio_input": ("input_audio_mtok", 10**6),
    "audio_cached": ("cache_audio_read_mtok", 10**6),
    "audio_output": ("output_audio_mtok", 10**6),
    "image_input": ("input_image_mtok", 10**6),
    "image_cached": ("cache_image_read_mtok", 10**6),
    "image_output": ("output_image_mtok", 10**6),
    "characters": ("input_mchars", 10**6),
    "seconds": ("audio_hours", 3600),
    "searches": ("web_searches_kcount", 1000),
    "requests": ("requests_kcount", 1000),
}
"""Our kinds, with theirs and for how many of a kind their prices are."""
LEAST_SECONDS = {("groq", "whisper-large-v3"): 10, ("groq", "whisper-large-v3-turbo"): 10}
"""Seconds that are paid for at least. The package has these in its code and not in its data."""
SERVICES: dict[str, tuple[dict[str, str], ...]] = {
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"},),
    "fast": ({"service_tier": "fast"}, {"speed": "fast"}),
}
"""Classes of service by `Usage.tier`, and what the package calls them."""
_SIGNS = {
    theirs.ClauseEquals: ("=", "equals"),
    theirs.ClauseStartsWith: ("^", "starts_with"),
    theirs.ClauseEndsWith: ("$", "ends_with"),
    theirs.ClauseContains: ("*", "contains"),
    theirs.ClauseRegex: ("~", "regex"),
}


def compiled(on: date) -> bytes:
    """Return the whole table, as compiled on a day."""
    head = {"source": f"genai-prices {version('genai-prices')}", "compiled": on.isoformat()}
    lines = [f"  {_json(name)}: {_json(value)}," for name, value in head.items()]
    parts = [_provider(one, on) for one in providers]
    return "\n".join(["{", *lines, '  "providers": {', ",\n".join(parts), "  }", "}", ""]).encode()


def _provider(one: theirs.Provider, on: date) -> str:
    """Return one provider: a model is a line, so that a change of prices is one too."""
    models = ",\n".join(f"        {_json(_model(one.id, model, on))}" for model in one.models)
    return (
        f'    {_json(one.id)}: {{\n      "url": {_json(one.api_pattern)},\n'
        f'      "others": {_json(one.fallback_model_providers or [])},\n      "models": [\n{models}\n      ]\n    }}'
    )


def _model(provider: str, model: theirs.ModelInfo, on: date) -> dict[str, Any]:
    found: dict[str, Any] = {"match": _clause(model.match), "prices": list(_dated(model, on))}
    if least := LEAST_SECONDS.get((provider, model.id)):
        found["least_seconds"] = least
    return found


def _clause(clause: Any) -> Any:
    """Return a clause as a text with a sign in front, or as a list with its word in front."""
    for kind, word in ((theirs.ClauseOr, "or"), (theirs.ClauseAnd, "and")):
        if isinstance(clause, kind):
            inner = [_clause(one) for one in getattr(clause, f"{word}_")]
            return inner[0] if len(inner) == 1 else [word, *inner]
    sign, name = _SIGNS[type(clause)]
    text = getattr(clause, name)
    return sign + (text if sign == "~" else text.lower())


def _dated(model: theirs.ModelInfo, on: date) -> Iterator[dict[str, Any]]:
    """Yield prices with when they hold, the last of which counts."""
    prices = model.prices
    listed = prices if isinstance(prices, list) else [theirs.ConditionalPrice(prices=prices)]
    for one in listed:
        if (price := _price(one.prices)) is not None:
            services = {name: _price(_with(one, model, on, *when)) for name, when in SERVICES.items()}
            others = {name: found for name, found in services.items() if found and found != price}
            yield {**_when(one.constraint), **price, **({"services": others} if others else {})}


def _with(
    standard: theirs.ConditionalPrice, model: theirs.ModelInfo, on: date, *whens: dict[str, str]
) -> theirs.ModelPrice:
    """Return prices with what a class of service changes, as it is on that day, or later where they begin later."""
    begin = standard.constraint
    day = max(on, begin.start_date) if isinstance(begin, theirs.StartDateConstraint) else on
    changed: dict[str, Any] = {}
    for variant in model.price_variants or ():
        start = variant.constraint
        begun = not isinstance(start, theirs.StartDateConstraint) or start.start_date <= day
        if variant.when in whens and begun:
            for key, price in vars(variant.prices).items():
                if price is not None:
                    changed.setdefault(key, price)
    return theirs.ModelPrice(**{**vars(standard.prices), **changed})


def _when(constraint: Any) -> dict[str, Any]:
    if isinstance(constraint, theirs.StartDateConstraint):
        begin = datetime.combine(constraint.start_date, time(), UTC)
        return {"since": int(begin.timestamp())}
    if isinstance(constraint, theirs.TimeOfDateConstraint):
        return {"daily": [_second(constraint.start_time), _second(constraint.end_time)]}
    return {}


def _second(at: time) -> int:
    """Return the second of the day, in UTC."""
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    utc = datetime.combine(date(1970, 1, 2), aware).astimezone(UTC)
    return (utc.hour * 60 + utc.minute) * 60 + utc.second


def _price(prices: theirs.ModelPrice) -> dict[str, Any] | None:
    """Return rates and tiers, or None where they cannot be told; a model without any price is free."""
    given = {name: (getattr(prices, theirs_), per) for name, (theirs_, per) in KINDS.items()}
    if given["seconds"][0] is None:
        given["seconds"] = (prices.input_audio_hours, 3600)
    given = {name: (price, per) for name, (price, per) in given.items() if price is not None}
    if not given and any(price is not None for price in vars(prices).values()):
        return None  # it is paid for what nobody here counts, such as pages
    starts = {
        tier.start for price, _ in given.values() if isinstance(price, theirs.TieredPrices) for tier in price.tiers
    }
    found: dict[str, Any] = {"rates": _rates(given, -1)}
    if starts:
        found["tiers"] = [[start, _rates(given, start)] for start in sorted(starts)]
    return found


def _rates(given: dict[str, Any], start: int) -> Rates:
    """Return the rates from a tier on; from -1 on those of none."""
    return Rates(**{name: _rate(price, start, per) for name, (price, per) in given.items()})


def _rate(price: Decimal | theirs.TieredPrices, start: int, per: int) -> int:
    if isinstance(price, theirs.TieredPrices):
        reached = [tier.price for tier in price.tiers if tier.start <= start]
        price = reached[-1] if reached else price.base
    return round(price * FEMTO / per)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


if __name__ == "__main__":
    PATH.write_bytes(compiled(datetime.now(UTC).date()))
