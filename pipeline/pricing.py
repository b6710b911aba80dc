"""What usage costs: prices of one model, and the contract with whoever knows them.

Prices are integer femto-dollars (10^-15) for one of what is counted: $1 for a million tokens is a billion of them for
each, and all that is published is whole in it. Costs are integer nano-dollars (10^-9). A cost is exact until its end,
where it is rounded once, halves up.

Kinds lie inside of each other, as in `Usage`: what has no price of its own costs what surrounds it does, so that cached
tokens without a price of their own cost as much as any others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from .config.kinds import NANOS
from .reply import Usage

FEMTO = 10**15
"""Femto-dollars in a dollar."""
_FEMTO_IN_NANO = FEMTO // NANOS


class Rates(msgspec.Struct, frozen=True, omit_defaults=True):
    """Femto-dollars for one of each kind that `Usage` counts; None where it has no price of its own.

    ``requests`` is what each answer costs by itself, whatever is in it. ``seconds`` are those of sound.
    """

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    audio_cached: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_cached: int | None = None
    image_output: int | None = None
    images: int | None = None
    characters: int | None = None
    seconds: int | None = None
    searches: int | None = None
    requests: int | None = None

    @property
    def any(self) -> bool:
        """Whether anything has a price, be it zero."""
        return any(rate is not None for rate in msgspec.structs.astuple(self))


Tier = tuple[int, Rates]
"""Prices of whatever has more input tokens than the number, for all of its tokens."""
_Tokens = tuple[int, int, int, int, int, int, int, int, int, int, int, int]
_Units = tuple[int, int, int, int, int]
_Steps = tuple[_Tokens, _Units | None]


class Scale(msgspec.Struct, frozen=True, omit_defaults=True):
    """Prices of one class of service, and those of large requests in their place."""

    rates: Rates
    tiers: tuple[Tier, ...] = ()


_Compiled = tuple[_Steps, tuple[tuple[int, _Steps], ...]]


class Price:
    """What one model costs. Immutable.

    Args:
        rates: Its prices.
        tiers: Those of large requests, in their place.
        services: Prices of other classes of service, by `Usage.tier`. One that is not here costs what others do.
        least_seconds: As many seconds of sound are paid for at least, where there are any.
        configured: Whether whoever runs the gateway has set it, and so knows better than anybody.
    """

    __slots__ = ("_services", "_standard", "configured", "least_seconds", "rates")

    def __init__(
        self,
        rates: Rates,
        tiers: Sequence[Tier] = (),
        services: Mapping[str, Scale] | None = None,
        *,
        least_seconds: float = 0.0,
        configured: bool = False,
    ) -> None:
        self.rates = rates
        self.least_seconds = least_seconds
        self.configured = configured
        self._standard = _compiled(rates, tiers)
        self._services = {name: _compiled(one.rates, one.tiers) for name, one in (services or {}).items()}

    def __repr__(self) -> str:
        named = ", ".join(f"{name}={value}" for name, value in msgspec.structs.asdict(self.rates).items() if value)
        return f"<Price {named or 'free'}>"

    def cost(self, usage: Usage) -> int:
        """Return the nano-dollars that the usage costs, as far as what it counts is priced; see `covers`."""
        (tokens, units), tiers = self._services.get(usage.tier, self._standard) if usage.tier else self._standard
        for above, steps in tiers:
            if usage.input > above:
                tokens, units = steps
                break
        read, wrote, cached, kept, hour, thought, a_in, a_cached, a_out, i_in, i_cached, i_out = tokens
        femto = (
            (usage.input - usage.unbilled_input) * read
            + (usage.output - usage.unbilled_output) * wrote
            + min(usage.cached, usage.input) * cached  # of one that says more, no less is paid than for what it read
            + usage.cache_write * kept
            + usage.cache_write_1h * hour
            + usage.reasoning * thought
            + usage.audio_input * a_in
            + usage.audio_cached * a_cached
            + usage.audio_output * a_out
            + usage.image_input * i_in
            + usage.image_cached * i_cached
            + usage.image_output * i_out
        )
        if units is not None:
            images, characters, seconds, searches, request = units
            femto += usage.images * images + usage.characters * characters + usage.searches * searches + request
            if seconds and usage.seconds > 0:
                femto += round(max(usage.seconds, self.least_seconds) * seconds)
        return (max(0, femto) + _FEMTO_IN_NANO // 2) // _FEMTO_IN_NANO

    def covers(self, usage: Usage) -> bool:
        """Say whether these are prices of what the usage counts, and not only of what it does not.

        A model that is paid by the second costs something, however many tokens were counted in place of seconds; what
        that is nobody can say. A model without any price is free.
        """
        rates = self.rates
        if rates.requests is not None or not rates.any:
            return True
        counted = (
            (usage.total, rates.input is not None or rates.output is not None),
            (usage.images, rates.images is not None),
            (usage.characters, rates.characters is not None),
            (usage.seconds, rates.seconds is not None),
        )
        priced = [known for count, known in counted if count]
        return any(priced) or not priced


def cost_of(price: Price | None, usage: Usage) -> int | None:
    """Return the nano-dollars of an answer, or None where nobody knows. Where nothing is counted, nothing is paid.

    A price that was set counts first, then what the provider itself has charged, then what is known of its prices.
    """
    if usage.charged is not None and (price is None or not price.configured):
        return usage.charged
    if price is None:
        return None if usage.counts else 0
    return price.cost(usage) if price.covers(usage) else None


class Prices(Protocol):
    """Something that knows what models cost."""

    def of(self, provider_type: str, provider: str, model: str, at: float) -> Price | None:
        """Return a model's price, or None if it is not known. Never waits.

        Args:
            provider_type: Of the provider, such as ``openai``.
            provider: Its name in the configuration.
            model: By the provider's own name.
            at: Seconds since the epoch: prices change.
        """
        ...


class NoPrices:
    """Knows of none."""

    def of(self, provider_type: str, provider: str, model: str, at: float) -> Price | None:
        """Return None."""
        return None


def dollars(nano: int) -> str:
    """Return nano-dollars as a decimal number of dollars, without an exponent: ``0.00015``."""
    whole, rest = divmod(abs(nano), NANOS)
    text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
    return f"-{text}" if nano < 0 else text


def _compiled(rates: Rates, tiers: Sequence[Tier]) -> _Compiled:
    """Return the steps of a scale, and of its tiers, the highest first."""
    highest_first = sorted(tiers, key=lambda tier: -tier[0])
    return _steps(rates), tuple((above, _steps(tier)) for above, tier in highest_first)


def _steps(rates: Rates) -> _Steps:
    """Return by how much each kind costs more than what surrounds it: so a cost is one sum of products."""
    read, wrote = rates.input or 0, rates.output or 0
    cached = _more(rates.cached, read)
    kept = _more(rates.cache_write, read)
    tokens = (
        read,
        wrote,
        cached,
        kept,
        _more(rates.cache_write_1h, read + kept),
        _more(rates.reasoning, wrote),
        _more(rates.audio_input, read),
        _both(rates.audio_cached, rates.audio_input, read, cached),
        _more(rates.audio_output, wrote),
        _more(rates.image_input, read),
        _both(rates.image_cached, rates.image_input, read, cached),
        _more(rates.image_output, wrote),
    )
    units = (
        rates.images or 0,
        rates.characters or 0,
        rates.seconds or 0,
        rates.searches or 0,
        rates.requests or 0,
    )
    return tokens, units if any(units) else None


def _more(rate: int | None, around: int) -> int:
    return 0 if rate is None else rate - around


def _both(rate: int | None, of_its_sort: int | None, read: int, cached: int) -> int:
    """Return the step of tokens that are of a sort and cached: without a price for both, the sort's own holds."""
    if rate is None:
        rate = of_its_sort if of_its_sort is not None else read + cached
    return rate - read - cached - _more(of_its_sort, read)


FREE = Price(Rates())
"""What costs nothing, whatever it counts."""
