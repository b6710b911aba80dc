"""Finding words of a list in a text, whole and in any case.

A word ends where a letter, digit or underscore meets something else. Scripts that are written without spaces have no
such places inside a sentence, so a listed word that begins or ends in one is found anywhere. Between the words of a
phrase any blank space may stand. Case is folded by Unicode's rules: ``STRASSE`` is ``straße``. Letters count as what
they stand for (NFKC: full-width, ligatures, mathematical). Characters that nobody sees neither break a word nor hold
two together.
https://www.unicode.org/reports/tr15/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

WINDOW = 64 * 1024
"""Characters per search. A search holds the interpreter; between two, other threads get their turn."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Myanmar, Khmer, Kana and Han."""
_UNSEEN = re.compile(
    "[\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""Format controls (Cf), and the other code points that are ignorable by default: fillers, selectors, tags."""
PIECE = 4096
"""Characters that are normalised at once: a few of them become eighteen each, and it holds the interpreter too."""
_BEGINS = re.compile("[\\x00-\\x7f\u0400-\u0482\u0621-\u064a\u3400-\u9fff\uac00-\ud7a3\ufb50-\ufdfb\uff01-\uff9d]")
"""Characters that never combine with the one before, so that a text may be cut there: common ones of many scripts."""


class WordList:
    """A list of words and phrases, compiled. Time is linear in the text."""

    def __init__(self, words: Iterable[str]) -> None:
        folded = ((" ".join(next(_readings(word)).split()), word) for word in words)
        # A word of nothing but characters that nobody sees would be found everywhere.
        self._words = {plain: word for plain, word in folded if plain}
        self._phrases = any(" " in word for word in self._words)
        self._hints = _automaton({word.partition(" ")[0] for word in self._words}) if self._words else None
        self._overlap = max(map(len, self._words), default=0) + 1
        self._pattern = re.compile(_pattern_for(self._words)) if self._words else None

    def __bool__(self) -> bool:
        return bool(self._words)

    def first_in(self, text: str) -> str | None:
        """Return the first listed word in a text, as it is spelled in the list, or None."""
        if self._pattern is None or self._hints is None:
            return None
        for reading in _readings(text):
            # Most texts hold nothing that even begins like a listed word, and to see that takes a twentieth.
            if self._hints.find_matches_as_indexes(reading) and (found := self._search(self._pattern, reading)):
                return found
        return None

    def _search(self, pattern: re.Pattern[str], folded: str) -> str | None:
        if self._phrases:
            folded = " ".join(folded.split())
        for start in range(0, len(folded), WINDOW):
            # A match that begins in this window lies, with the character after it, before the end of the search.
            match = pattern.search(folded, start, start + WINDOW + self._overlap)
            if match is not None and match.start() < start + WINDOW:
                return self._words[match[0]]
        return None


def _automaton(beginnings: set[str]) -> AhoCorasick:
    """Return what finds the listed words, or the first word of each phrase, anywhere."""
    from ahocorasick_rs import AhoCorasick  # needed only where words are listed

    return AhoCorasick(sorted(beginnings))


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it is compared: without the characters that nobody sees and, if there are, with gaps there."""
    if text.isascii():
        yield text.casefold()
        return
    yield _fold(_UNSEEN.sub("", text))
    if _UNSEEN.search(text):
        yield _fold(_UNSEEN.sub(" ", text))


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", piece) for piece in _pieces(text)).casefold()


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        cut = _BEGINS.search(text, start + PIECE)
        end = cut.start() if cut is not None else len(text)
        yield text[start:end]
        start = end


def _pattern_for(words: Iterable[str]) -> str:
    """Return the alternation of all words, parted by what bounds them and by their first letters.

    Without the parting each place in the text would be compared with each word.
    """
    branches = []
    for (left, right), bounded in groupby(sorted(words, key=_bounds), _bounds):
        by_letter = groupby(sorted(bounded), lambda word: word[0])
        groups = [
            re.escape(letter)
            + "(?:"
            + "|".join(re.escape(word[1:]) for word in sorted(rest, key=len, reverse=True))
            + ")"
            for letter, rest in by_letter
        ]
        branches.append(left + "(?:" + "|".join(groups) + ")" + right)
    return "|".join(branches)


def _bounds(word: str) -> tuple[str, str]:
    """Return the patterns for what may stand before and after a word."""
    return r"(?<!\w)" if _is_spaced(word[0]) else "", r"(?!\w)" if _is_spaced(word[-1]) else ""


def _is_spaced(letter: str) -> bool:
    return re.match(r"\w", letter) is not None and _UNSPACED.match(letter) is None
