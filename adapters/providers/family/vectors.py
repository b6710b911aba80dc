"""Embeddings as the caller asked for them, where the provider has one form only.

OpenAI's own clients ask for base64 (of little-endian float32) unless told otherwise, and many servers ignore it.
"""

from __future__ import annotations

import base64
import binascii
from array import array
from sys import byteorder

from ..openai.errors import ErrorTable
from .answers import read_json, write_json


def mend_embeddings(body: bytes, errors: ErrorTable, *, as_text: bool, int8: bool = False) -> bytes:
    """Return an answer with its vectors as base64 or as numbers; as it came where it is none.

    Args:
        as_text: Whether the caller asked for base64.
        int8: Whether what the provider sends in base64 is a byte for each number.

    Raises:
        UpstreamError: A vector is none.
    """
    top = read_json(body)
    if top is None or top.get("error") or not isinstance(rows := top.get("data"), list):
        return body
    top.setdefault("object", "list")
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise errors.nonsense("has an embedding that is no object")
        row.setdefault("object", "embedding")
        row.setdefault("index", place)
        row["embedding"] = _mended(row.get("embedding"), errors, as_text=as_text, int8=int8)
    return write_json(top)


def _mended(found: object, errors: ErrorTable, *, as_text: bool, int8: bool) -> object:
    if isinstance(found, str) and as_text and not int8:
        return found
    if isinstance(found, list) and not as_text:
        return found
    try:
        if isinstance(found, str):
            numbers = _unpacked(base64.b64decode(found, validate=True), int8=int8)
        elif isinstance(found, list):
            numbers = array("f", found)
        else:
            raise errors.nonsense("has an embedding that is no vector")
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise errors.nonsense("has an embedding that is no vector") from error
    return base64.b64encode(_little(numbers).tobytes()).decode() if as_text else numbers.tolist()


def _unpacked(data: bytes, *, int8: bool) -> array[float]:
    if int8:
        return array("f", [float(number) for number in memoryview(data).cast("b")])
    numbers = array("f")
    numbers.frombytes(data)
    return _little(numbers)


def _little(numbers: array[float]) -> array[float]:
    """Return numbers in the order of bytes that is not this machine's, where its own is not little-endian."""
    if byteorder == "big":  # pragma: no cover
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
