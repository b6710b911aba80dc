"""Durations, sizes, rates and money as a file writes them, and back.

Reading raises ValueError with a message that names the text and what to write in its place.
"""

from __future__ import annotations

import re

from .kinds import NANOS, ItemPrice, Money, Rate, Spend, TokenPrice

DURATIONS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
SIZES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(\s*)([^\s0-9.]*)", re.ASCII)
_MONEY = re.compile(r"\$([0-9]{1,9})(?:\.([0-9]{1,9}))?", re.ASCII)
_RATE = re.compile(r"([0-9]{1,15})(\s*/\s*)(.+)", re.ASCII)
# What people write instead. One letter for minutes is refused: it is a thousandth in a size, and a month elsewhere.
_DURATION_WORDS = {"m": "min", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "mins": "min", "minute": "min"}
_DURATION_WORDS |= {"minutes": "min", "hr": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "msec": "ms"}
_SIZE_WORDS = {"k": "KiB", "kb": "kB", "kib": "KiB", "m": "MiB", "mb": "MB", "mib": "MiB", "g": "GiB", "gb": "GB"}
_SIZE_WORDS |= {"gib": "GiB", "b": "B", "byte": "B", "bytes": "B"}


def _amount(text: str, noun: str, units: dict[str, float], words: dict[str, str], example: str) -> tuple[str, str]:
    """Split ``30s`` into amount and unit."""
    parts = _AMOUNT.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not a {noun}; write one such as {example}")
    amount, space, unit = parts.groups()
    if not unit:
        raise ValueError(f"{text} has no unit; write {amount}{next(name for name, one in units.items() if one == 1)}")
    if unit not in units:
        meant = words.get(unit.lower())
        said = f"write {amount}{meant}" if meant else f"units are {', '.join(units)}"
        raise ValueError(f"{text!r} has an unknown unit {unit!r}; {said}")
    if space:
        raise ValueError(f"{text!r} has a space before its unit; write {amount}{unit}")
    return amount, unit


def read_duration(text: str) -> float:
    """Return the seconds that ``text`` means, such as 90.0 for ``1.5min``."""
    amount, unit = _amount(text, "duration", DURATIONS, _DURATION_WORDS, "30s")
    # Thousandths by division: 100 * 0.001 is not 0.1.
    return float(amount) / 1000 if unit == "ms" else float(amount) * DURATIONS[unit]


def read_size(text: str) -> int:
    """Return the bytes that ``text`` means, such as 10485760 for ``10MiB``."""
    amount, unit = _amount(text, "size", {**SIZES}, _SIZE_WORDS, "10MiB")
    size = float(amount) * SIZES[unit] if "." in amount else int(amount) * SIZES[unit]
    if size != int(size):
        raise ValueError(f"{text!r} is not a whole number of bytes; write one such as 10MiB")
    return int(size)


def read_rate(text: str) -> Rate:
    """Return the rate that ``text`` means: ``600/min``, or ``100/10s`` for a window of ten seconds."""
    parts = _RATE.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not a rate; write one such as 600/min")
    count, slash, window = parts.groups()
    seconds = _window(text, count, slash, window)
    if not int(count) or not seconds:
        raise ValueError(f"{text!r} is not a rate; its numbers are at least 1")
    return Rate(int(count), seconds)


def _window(text: str, amount: str, slash: str, window: str) -> float:
    """Return the seconds of the window in ``600/min``."""
    written = window if window[0].isdigit() else f"1{window}"
    try:
        seconds = read_duration(written)
    except ValueError:
        meant = _DURATION_WORDS.get(window.lower(), "")
        said = f"write {amount}/{meant}" if meant else "a window is s, min, h, d, or such as 10s"
        raise ValueError(f"{text!r} has an unknown window {window!r}; {said}") from None
    if slash != "/":
        raise ValueError(f"{text!r} has spaces; write {amount}/{window}")
    return seconds


def read_money(text: str) -> Money:
    """Return the amount that ``text`` means, such as 2,500,000,000 nano-dollars for ``$2.50``."""
    parts = _MONEY.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not an amount of money; write one such as $2.50")
    whole, rest = parts.groups("")
    return Money(int(whole) * NANOS + int(rest.ljust(9, "0")))


def read_spend(text: str) -> Spend:
    """Return what ``$5/h`` means."""
    amount, slash, window = text.partition("/")
    if not window.strip() or not amount.startswith("$"):
        raise ValueError(f"{text!r} is no money in a time; write it such as $5/h")
    gap = amount[len(amount.rstrip()) :] + slash + window[: len(window) - len(window.lstrip())]
    seconds = _window(text, amount.rstrip(), gap, window.lstrip())
    money = read_money(amount.rstrip())
    if not money.nanos or not seconds:
        raise ValueError(f"{text!r} is no money in a time; both are more than 0")
    return Spend(money.nanos, seconds)


def read_token_price(text: str) -> TokenPrice:
    """Return what ``$0.15/M`` means, or ``$0.00015/k``: money for a million, or for a thousand."""
    amount, _, many = text.partition("/")
    if many not in ("M", "k"):
        raise ValueError(f"{text!r} is not a price for a million; write it such as $0.15/M")
    return TokenPrice(read_money(amount).nanos * (1000 if many == "k" else 1))


def read_item_price(text: str) -> ItemPrice:
    """Return what ``$0.04`` means, or ``$14/k``: money for one, or for a thousand."""
    amount, slash, many = text.partition("/")
    if slash and many != "k":
        raise ValueError(f"{text!r} is not a price of one; write it such as $0.04, or $14/k for a thousand")
    return ItemPrice(read_money(amount).nanos * (1000 if slash else 10**6))


def show_duration(seconds: float) -> str:
    """Return a duration as a file writes it, in the largest unit that makes it whole."""
    for unit in ("d", "h", "min", "s"):
        if seconds and seconds % DURATIONS[unit] == 0:
            return f"{seconds / DURATIONS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.12g}ms" if 0 < seconds < 1 else f"{seconds:.12g}s"


def show_size(size: int) -> str:
    """Return a size as a file writes it, in the largest unit that makes it whole."""
    for unit in ("GiB", "MiB", "KiB", "GB", "MB", "kB"):
        if size and size % SIZES[unit] == 0:
            return f"{size // SIZES[unit]}{unit}"
    return f"{size}B"
