"""Read lists of models, whose shapes differ by little: an array somewhere, and a name in each of its entries.

What stands around the names is left unread, since there is much of it: OpenRouter's list has half a megabyte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.provider import ModelPage

MAX_NAME = 256
"""Characters of a model's name; no longer one could be asked for."""
Nonsense = Callable[[str], GatewayError]
_decode = msgspec.json.Decoder().decode


def read_list(
    body: bytes,
    nonsense: Nonsense,
    *,
    under: str = "data",
    name: str = "id",
    prefix: str = "",
    without: Mapping[str, object] | None = None,
) -> tuple[tuple[str, ...], dict[str, object]]:
    """Return the names that an answer lists, and its other fields.

    Args:
        body: ``{under: [{name: ...}]}``, or the bare array, as Together sends it.
        nonsense: Makes the error for what is no list, from the words that say so.
        under: The field that holds the array.
        name: The field of an entry that holds the name.
        prefix: What stands before names, and is none of them.
        without: Entries with one of these values are left out.

    Raises:
        GatewayError: What ``nonsense`` has made.
    """
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise nonsense("is not valid JSON" if body.strip() else "is empty") from None
    fields = value if isinstance(value, dict) else {}
    entries = fields.get(under) if fields else value
    if not isinstance(entries, list):
        raise nonsense("lists no models")
    left_out = (without or {}).items()
    names = []
    for entry in entries:
        found = entry.get(name) if isinstance(entry, dict) else None
        if not isinstance(found, str) or any(entry.get(field) == value for field, value in left_out):
            continue
        found = found.removeprefix(prefix)
        if 0 < len(found) <= MAX_NAME and found.isprintable():
            names.append(found)
    return tuple(dict.fromkeys(names)), fields


def read_page(
    body: bytes,
    nonsense: Nonsense,
    *,
    under: str = "data",
    name: str = "id",
    prefix: str = "",
    without: Mapping[str, object] | None = None,
    token: str = "",
    complete: bool = True,
) -> ModelPage:
    """Return a page; see `read_list`.

    Args:
        token: The field that holds the word for the next page.
        complete: Whether all that can be asked is in the list.
    """
    names, fields = read_list(body, nonsense, under=under, name=name, prefix=prefix, without=without)
    after = fields.get(token) if token else None
    return ModelPage(names, after if isinstance(after, str) else "", complete)
