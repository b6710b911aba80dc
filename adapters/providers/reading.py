"""Reading what providers answer: strict in what the answer depends on, and loose in the rest.

An answer is not worth less because its accounts are wrong, so a count that makes no sense is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")

MAX_COUNT = 1 << 40
"""No answer has so many tokens: a figure beyond is none."""


class Malformed(ValueError):
    """Not an answer of the API it should be of. Its text ends a sentence that begins with whose it is."""


def read_json(decode: Callable[[bytes], T], data: bytes) -> T:
    """Return an answer or an event. Raises Malformed.

    Args:
        decode: Of a msgspec decoder.
        data: All of it.
    """
    try:
        if not data.isascii():
            data.decode()  # what is not read is not checked, and would break the client
        return decode(data)
    except msgspec.ValidationError as error:
        raise Malformed(f"is not of its API ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("is not valid JSON" if data.strip() else "is empty") from error


def count_in(found: dict[str, object], name: str) -> int:
    """Return a count of tokens, or 0 where it is none."""
    value = found.get(name)
    if type(value) is float and value.is_integer() and abs(value) < MAX_COUNT:
        value = int(value)
    return value if type(value) is int and 0 <= value < MAX_COUNT else 0


def text_of(value: object) -> str:
    """Return a value that is a string, or else an empty one."""
    return value if isinstance(value, str) else ""
