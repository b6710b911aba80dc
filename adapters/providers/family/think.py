"""Reasoning that stands in the content, as ``<think>...</think>`` at its very beginning."""

from __future__ import annotations

OPEN = "<think>"
CLOSE = "</think>"


class ThinkTags:
    """Takes the text of one answer apart, at whatever boundaries it comes."""

    def __init__(self) -> None:
        self._held = ""
        self._place = "start"  # then perhaps "thinking" and "behind", at last "content"

    def feed(self, text: str) -> tuple[str, str]:
        """Return what of the text so far is reasoning, and what is content; what may be part of a tag is held back."""
        self._held += text
        thought = ""
        if self._place == "start":
            self._open()
        if self._place == "thinking":
            thought = self._close()
        if self._place == "behind" and self._held:
            self._held = self._held.lstrip()
            self._place = "content" if self._held else "behind"
        if self._place == "content":
            said, self._held = self._held, ""
            return thought, said
        return thought, ""

    def end(self) -> tuple[str, str]:
        """Return what is still held back: the answer is over."""
        held, self._held = self._held, ""
        if self._place == "thinking":
            return held, ""
        return "", "" if self._place == "behind" else held

    def _open(self) -> None:
        """See whether the text begins with a tag, as far as that can be known yet."""
        begin = self._held.lstrip()
        if begin.startswith(OPEN):
            self._held = begin[len(OPEN) :].lstrip("\n")
            self._place = "thinking"
        elif not OPEN.startswith(begin):
            self._place = "content"

    def _close(self) -> str:
        """Return the reasoning that is certainly none of the closing tag."""
        thought, closed, rest = self._held.partition(CLOSE)
        if closed:
            self._held = rest
            self._place = "behind"
            return thought
        keep = _overlap(self._held)
        cut = len(self._held) - keep
        thought, self._held = self._held[:cut], self._held[cut:]
        return thought


def _overlap(text: str) -> int:
    """Return how many of the last characters may be the beginning of the closing tag."""
    for size in range(min(len(CLOSE) - 1, len(text)), 0, -1):
        if text.endswith(CLOSE[:size]):
            return size
    return 0
