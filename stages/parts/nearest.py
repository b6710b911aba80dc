"""Find the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

MAX_LENGTH = 64
"""Characters of a name that are looked at."""
MAX_NAMES = 500
CLOSE = 0.6
"""How alike two names have to be, as `difflib.get_close_matches` has it."""


class Nearest:
    """Finds the most alike of some names by the pairs of letters that they share.

    Each pair that occurs in the names is one bit of an integer, so that one `and` compares two names. That takes a
    hundred microseconds for the most names and the longest ones, for each request with a wrong name; `difflib` alone
    would take fifty for each single name. It only has the last word on the best one.
    """

    def __init__(self, names: Iterable[str]) -> None:
        known = {name: frozenset(pairwise(name)) for name in list(names)[:MAX_NAMES]}
        every = dict.fromkeys(pair for pairs in known.values() for pair in pairs)
        self._bits = {pair: 1 << at for at, pair in enumerate(every)}
        self._known = [(name, self._mask(pairs), len(pairs)) for name, pairs in known.items()]
        self._find = lru_cache(maxsize=256)(self._search)

    def find(self, name: str) -> str | None:
        """Return the name most like ``name``, or like its first 64 characters, if one is like it at all."""
        return self._find(name[:MAX_LENGTH])

    def _search(self, name: str) -> str | None:
        pairs = frozenset(pairwise(name))
        mask, size = self._mask(pairs), len(pairs) + 1
        best, best_share = None, 0.0
        for known, theirs, their_size in self._known:
            share = (mask & theirs).bit_count() / (size + their_size)
            if share > best_share:
                best, best_share = known, share
        if best is None or SequenceMatcher(None, name, best).ratio() < CLOSE:
            return None
        return best

    def _mask(self, pairs: Iterable[tuple[str, str]]) -> int:
        return sum(self._bits.get(pair, 0) for pair in pairs)
