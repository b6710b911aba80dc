"""Kinds of values that a setting may have beyond YAML's own: they carry their unit in the file, never in the code.

A settings class is a ``msgspec.Struct(kw_only=True, frozen=True)`` whose fields are annotated with a type and a
``Meta(description=...)``; where the type is one of these aliases, the loader converts ``30s`` or ``10MiB``.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Secret(str):
    """A string that its own ``repr`` does not show. Use it as a string only where it goes to its owner."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')" if self else "Secret('')"


class Rate(msgspec.Struct, frozen=True):
    """So many in a window of so many seconds; written ``1000/min``."""

    count: int
    window: float

    def __str__(self) -> str:
        names = {1.0: "s", 60.0: "min", 3600.0: "h", 86400.0: "d"}
        return f"{self.count}/{names.get(self.window, f'{self.window:.12g}s')}"


NANOS = 1_000_000_000
"""Nano-dollars in a dollar."""


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount of money in nano-dollars; written ``$2.50``."""

    nanos: int

    def __str__(self) -> str:
        whole, rest = divmod(self.nanos, NANOS)
        return f"${whole}.{rest:09d}".rstrip("0").rstrip(".") if rest else f"${whole}"


class Spend(msgspec.Struct, frozen=True):
    """So much money, in nano-dollars, in a window of so many seconds; written ``$5/h``."""

    nanos: int
    window: float

    def __str__(self) -> str:
        return f"{Money(self.nanos)}/{str(Rate(1, self.window)).partition('/')[2]}"


class TokenPrice(msgspec.Struct, frozen=True):
    """Money for many, in femto-dollars for one, which are nano-dollars for a million; written ``$0.15/M``."""

    femtos: int

    def __str__(self) -> str:
        return f"{Money(self.femtos)}/M"


class ItemPrice(msgspec.Struct, frozen=True):
    """Money for single things, in femto-dollars for one; written ``$0.04`` or, for a thousand of them, ``$14/k``."""

    femtos: int

    def __str__(self) -> str:
        nanos, rest = divmod(self.femtos, 10**6)
        return f"{Money(self.femtos // 1000)}/k" if rest else str(Money(nanos))


Duration = Annotated[float, Meta(extra={"kind": "duration"})]
"""Seconds; written ``250ms``, ``30s``, ``5min``, ``1h`` or ``2d``."""
Size = Annotated[int, Meta(extra={"kind": "size"})]
"""Bytes; written ``512B``, ``64KiB``, ``10MiB``, ``1GiB`` (or kB, MB, GB, in thousands)."""
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
"""A part of one, from 0 to 1."""
