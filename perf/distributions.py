"""Distributions as an option writes them, and values drawn from them.

Their grammar, where ``V`` is a value with its unit, such as ``20ms``, or a plain number where the thing has no unit:

* ``V``: always this value.
* ``uniform:V-V``: evenly between the two.
* ``normal:mean=V,sd=V``: what falls below zero is zero.
* ``lognormal:p50=V,p99=V``: half are below the one, 99 in 100 below the other.
* ``exp:mean=V``: as the pauses between independent arrivals are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sluicegate.pipeline.config.units import read_duration

Read = Callable[[str], float]
"""Reads one value; raises ValueError with a message that says what to write."""
P99 = 2.3263478740408408
"""Where the standard normal distribution has 99 in 100 below."""
_PARTS = {"normal": ("mean", "sd"), "lognormal": ("p50", "p99"), "exp": ("mean",)}


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values at random.

    Attributes:
        text: As it was written.
        constant: The only value that is ever drawn, or None where several may be.
        draw: Draws one value, never below zero.
    """

    text: str
    constant: float | None
    draw: Callable[[Random], float]


def always(value: float) -> Distribution:
    """Return the distribution that has one value."""
    return Distribution(f"{value:g}", value, lambda random: value)


def read_number(text: str) -> float:
    """Return the number that ``text`` means."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"{text!r} is not a number from 0 on")
    return number


def parse(text: str, read: Read = read_duration) -> Distribution:
    """Return the distribution that ``text`` means.

    Args:
        text: As the grammar says.
        read: Reads a value.

    Raises:
        ValueError: Names what is wrong and what to write.
    """
    kind, colon, rest = text.partition(":")
    if not colon:
        value = read(text)
        return Distribution(text, value, lambda random: value)
    if kind == "uniform":
        low, high = _uniform(rest, read)
        return Distribution(text, low if low == high else None, lambda random: random.uniform(low, high))
    if kind not in _PARTS:
        raise ValueError(f"{kind!r} is no distribution; there are uniform, {', '.join(_PARTS)}, and a value alone")
    values = _values(kind, rest, read)
    return Distribution(text, None, _DRAWS[kind](*values))


def _uniform(rest: str, read: Read) -> tuple[float, float]:
    low, dash, high = rest.partition("-")
    if not dash:
        raise ValueError(f"uniform needs two ends, such as uniform:10ms-30ms, not {rest!r}")
    ends = read(low), read(high)
    if ends[0] > ends[1]:
        raise ValueError(f"uniform:{rest} ends before it begins; write uniform:{high}-{low}")
    return ends


def _values(kind: str, rest: str, read: Read) -> list[float]:
    names = _PARTS[kind]
    example = f"{kind}:" + ",".join(f"{name}=..." for name in names)
    found: dict[str, float] = {}
    for part in rest.split(","):
        name, equals, value = part.partition("=")
        if not equals or name not in names:
            raise ValueError(f"{kind} has no part {part!r}; write {example}")
        if name in found:
            raise ValueError(f"{kind} has {name} twice; write {example}")
        found[name] = read(value)
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"{kind} lacks {', '.join(missing)}; write {example}")
    if kind == "lognormal" and not 0 < found["p50"] <= found["p99"]:
        raise ValueError(f"lognormal:{rest} needs a p50 above zero, and a p99 that is not below it")
    return [found[name] for name in names]


def _normal(mean: float, sd: float) -> Callable[[Random], float]:
    return lambda random: max(0.0, random.gauss(mean, sd))


def _lognormal(p50: float, p99: float) -> Callable[[Random], float]:
    sigma = math.log(p99 / p50) / P99
    return lambda random: p50 * math.exp(random.gauss(0.0, sigma))


def _exponential(mean: float) -> Callable[[Random], float]:
    return lambda random: -mean * math.log(1.0 - random.random())


_DRAWS: dict[str, Callable[..., Callable[[Random], float]]] = {
    "normal": _normal,
    "lognormal": _lognormal,
    "exp": _exponential,
}
