"""Ids of tool calls as Mistral wants them: nine letters or digits, or error 400 with code 3280."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256

LENGTH = 9
_GOOD = re.compile(r"[A-Za-z0-9]{9}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=4096)
def nine_letters(call_id: str) -> str:
    """Return an id of nine letters or digits: itself if it is one, else always the same for the same id."""
    if _GOOD.fullmatch(call_id):
        return call_id
    number = int.from_bytes(sha256(call_id.encode("utf-8", "surrogatepass")).digest())
    letters = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        letters.append(_DIGITS[digit])
    return "".join(letters)
