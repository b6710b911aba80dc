"""What may be said of a key, a user or a team: each field of a JSON object, checked by itself.

Whoever reads the refusal sees the field and what to write in its place. Values are written as the configuration has
them: ``60/min``, ``$5/h``, ``30d``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from sluicegate.pipeline.caller import Allowance, Budget, Period
from sluicegate.pipeline.config.units import read_duration, read_money, read_rate, read_spend
from sluicegate.pipeline.errors import InvalidRequest

from ..http.routes import OPERATIONS
from .records import Kind

MAX_NAME = 128
MAX_TEXT = 256
MAX_ENTRIES = 100
MAX_METADATA = 2048
"""Bytes of metadata as JSON."""
MAX_RATES = 8
MOST = 2**53
"""The largest number that JSON keeps exactly everywhere."""
LONGEST = 366 * 86_400.0
"""Seconds of the longest window."""
LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
Reader = Callable[[Any, float], Any]
"""Returns what a value means at a time, in seconds since the epoch. Raises ValueError, with words behind the name."""


class WrongField(ValueError):
    """Something inside of a field is wrong. Its path below the field begins with a dot or a bracket."""

    def __init__(self, below: str, message: str) -> None:
        super().__init__(message)
        self.below = below


def read_fields(kind: Kind, given: Mapping[str, Any], now: float, *, new: bool) -> dict[str, Any]:
    """Return what a record is to be told, by the record's own names; limits and budgets are for `allowance`.

    Args:
        new: Whether the record is to be made, so that what it must have must be there.

    Raises:
        InvalidRequest: Naming the field.
    """
    readers = FIELDS[kind]
    if new and "name" not in given:
        raise InvalidRequest("name is missing", param="name", code="missing_required_parameter")
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in readers:
            known = ", ".join(readers)
            told = f"{name[:MAX_NAME]!r} is no field of a {kind}; there are: {known}"
            raise InvalidRequest(told, param=name[:MAX_NAME], code="unknown_parameter")
        attribute, reader = readers[name]
        try:
            found[attribute] = reader(value, now)
        except WrongField as error:
            raise InvalidRequest(f"{name}{error.below} {error}", param=f"{name}{error.below}") from None
        except ValueError as error:
            raise InvalidRequest(f"{name} {error}", param=name) from None
    return found


def allowance(before: Allowance, found: dict[str, Any]) -> Allowance:
    """Return an allowance with the limits and budgets that were read, and take these out of ``found``."""
    return msgspec.structs.replace(before, **found.pop("limits", {}), **found.pop("budgets", {}))


def _text(most: int, *, empty: bool) -> Reader:
    def read(value: Any, now: float) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")
        if not value and not empty:
            raise ValueError("must not be empty")
        if len(value) > most:
            raise ValueError(f"is longer than {most} characters")
        if value != value.strip() or not value.isprintable():
            raise ValueError("must be printable, without white space at its ends")
        return value

    return read


def _nothing_or(reader: Reader, nothing: Any) -> Reader:
    """Read null as ``nothing``."""
    return lambda value, now: nothing if value is None else reader(value, now)


def _flag(value: Any, now: float) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _choice(*choices: str) -> Reader:
    def read(value: Any, now: float) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read


def _several(reader: Reader) -> Reader:
    def read(value: Any, now: float) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("must be a list")
        if len(value) > MAX_ENTRIES:
            raise ValueError(f"has more than {MAX_ENTRIES} entries")
        found = []
        for at, one in enumerate(value):
            try:
                found.append(reader(one, now))
            except ValueError as error:
                raise WrongField(f"[{at}]", str(error)) from None
        return tuple(found)

    return read


def _metadata(value: Any, now: float) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    try:
        size = len(msgspec.json.encode(value))
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if size > MAX_METADATA:
        raise ValueError(f"has {size} bytes as JSON, limit {MAX_METADATA}")
    return value


def _expiry(value: Any, now: float) -> float:
    """Read a time, or a duration from now on, as a time."""
    if not isinstance(value, str):
        raise ValueError("must be a time such as 2030-01-31T12:00:00Z, or a duration from now on such as 30d")
    at = _time(value, now)
    if at is None:
        raise ValueError(f"{value[:40]!r} is neither a time such as 2030-01-31T12:00:00Z nor a duration such as 30d")
    if at > LAST:
        raise ValueError("is too far away; null means never")
    if at <= now:
        raise ValueError("is over already: revoke the key instead")
    return at


def _time(text: str, now: float) -> float | None:
    try:
        return now + read_duration(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    # A time without a zone would be another one on the next machine.
    return None if found.tzinfo is None else found.timestamp()


def _rates(value: Any, now: float) -> tuple[tuple[int, float], ...]:
    return tuple(_one(text, read_rate(text)) for text in _texts(value, "60/min"))


def _spends(value: Any, now: float) -> tuple[tuple[int, float], ...]:
    found = [(text, read_spend(text)) for text in _texts(value, "$5/h")]
    return tuple(_window(text, spend.nanos, spend.window) for text, spend in found)


def _one(text: str, rate: Any) -> tuple[int, float]:
    return _window(text, rate.count, rate.window)


def _window(text: str, amount: int, seconds: float) -> tuple[int, float]:
    if amount > MOST or not seconds <= LONGEST:
        raise ValueError(f"{text!r} is beyond all measure: a window has {LONGEST / 86_400:.0f} days at most")
    return amount, seconds


def _texts(value: Any, example: str) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if not 0 < len(found) <= MAX_RATES or not all(isinstance(one, str) and len(one) <= 64 for one in found):
        raise ValueError(f"must be text such as {example}, or a list of up to {MAX_RATES} such")
    return found


def _positive(value: Any, now: float) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000_000:
        raise ValueError("must be a whole number from 1 to 1000000")
    return value


_LIMITS: dict[str, Reader] = {
    "requests": _nothing_or(_rates, None),
    "tokens": _nothing_or(_rates, None),
    "cost": _nothing_or(_spends, None),
    "concurrency": _nothing_or(_positive, None),
}
_PERIODS: tuple[Period, ...] = ("day", "month", "total")


def _object(value: Any, readers: Mapping[str, Reader], now: float) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    found = {}
    for name, one in value.items():
        if name not in readers:
            raise WrongField(f".{name[:MAX_NAME]}", f"is not known; there are: {', '.join(readers)}")
        try:
            found[name] = readers[name](one, now)
        except ValueError as error:
            raise WrongField(f".{name}", str(error)) from None
    return found


def _limits(value: Any, now: float) -> dict[str, Any]:
    """Read all limits anew: those that are not named are none."""
    return {**dict.fromkeys(_LIMITS), **_object(value, _LIMITS, now)}


def _money(value: Any, now: float) -> int:
    if not isinstance(value, str):
        raise ValueError("must be money such as $2.50")
    return read_money(value[:64]).nanos


def _budgets(value: Any, now: float) -> dict[str, Any]:
    found = _object(value, dict.fromkeys(_PERIODS, _nothing_or(_money, None)), now)
    return {"budgets": tuple(Budget(found[period], period) for period in _PERIODS if found.get(period) is not None)}


_NAME = _text(MAX_NAME, empty=False)
_OF_ALL: dict[str, tuple[str, Reader]] = {
    "name": ("name", _NAME),
    "enabled": ("enabled", _flag),
    "limits": ("limits", _nothing_or(_limits, dict.fromkeys(_LIMITS))),
    "budgets": ("budgets", _nothing_or(_budgets, {"budgets": ()})),
    "metadata": ("metadata", _nothing_or(_metadata, {})),
}
_TEAM = {"team": ("team", _nothing_or(_text(MAX_NAME, empty=True), ""))}
FIELDS: dict[Kind, dict[str, tuple[str, Reader]]] = {
    "team": _OF_ALL,
    "user": {**_OF_ALL, **_TEAM},
    "key": {
        **_OF_ALL,
        **_TEAM,
        "owner": ("owner", _nothing_or(_text(MAX_TEXT, empty=True), "")),
        "user": ("user", _nothing_or(_text(MAX_NAME, empty=True), "")),
        "role": ("role", _choice("caller", "admin")),
        "allowed_models": ("models", _nothing_or(_several(_text(MAX_TEXT, empty=False)), None)),
        "allowed_operations": ("operations", _nothing_or(_several(_choice(*OPERATIONS)), None)),
        "expires": ("expires", _nothing_or(_expiry, None)),
    },
}
"""What may be said of each: by the name that it has outside, the record's own name for it, and how it is read."""


def show_time(at: float | None) -> str | None:
    """Return a time as RFC 3339 has it, in UTC, to the second."""
    if at is None:
        return None
    return datetime.fromtimestamp(math.floor(at), UTC).isoformat().replace("+00:00", "Z")
