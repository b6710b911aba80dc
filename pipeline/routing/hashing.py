"""Choices that stay the same: texts to places, the same in all processes and at all times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

_WHOLE = float(1 << 64)


def position(text: str) -> float:
    """Return a place from 0 to below 1 for a text; different texts are spread evenly."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    # Of 64 bits a float holds 53: rounded up, the last of them would make a whole 1.
    return (int.from_bytes(digest) >> 11) / (_WHOLE / 2048)


def by_rendezvous(key: str, members: Sequence[tuple[str, int]]) -> list[int]:
    """Return the members' places, the one whose the key is first; members are names with weights.

    Weighted rendezvous hashing: https://www.snia.org/sites/default/files/SDC15_presentations/dist_sys/Jason_Resch_New_Consistent_Hashings_Rev.pdf
    """
    scores = []
    for name, weight in members:
        # 0 has no logarithm.
        scores.append(-weight / math.log(max(position(f"{len(name)}:{name}{key}"), 1e-300)))
    return sorted(range(len(members)), key=scores.__getitem__, reverse=True)
