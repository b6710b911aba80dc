"""Calls of tools, one after the other.

A provider may tell of several calls at once, by turns; here a block is open until it is complete, so the calls behind
the first are held back until that one is a JSON object, or something else follows.
"""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.form.events import CallBegin, CallPart

Told = list[CallBegin | str]
"""What is to be told now: beginnings of calls, and pieces of the arguments of the call that was begun last."""


class Calls:
    """Puts the pieces of calls in order.

    Attributes:
        any: Whether there was any call.
    """

    def __init__(self) -> None:
        self.any = False
        self._slot: int | None = None
        self._said: list[str] = []
        self._held: dict[int, tuple[CallBegin, list[str]]] = {}

    def begin(self, call: CallBegin) -> Told:
        """Take the beginning of a call."""
        self.any = True
        self._held[call.slot] = (call, [])
        return self._go_on() if self._slot is None or self._complete() else []

    def part(self, part: CallPart) -> Told:
        """Take a piece of a call's arguments. One of no call that is under way is passed over."""
        if part.slot == self._slot:
            self._said.append(part.text)
            told: Told = [part.text] if part.text else []
            if self._held and part.text.rstrip().endswith("}") and self._complete():
                told += self._go_on()
            return told
        if part.slot in self._held:
            self._held[part.slot][1].append(part.text)
        return []

    def release(self) -> Told:
        """Return all that is still held back: no call goes on."""
        told: Told = []
        while self._held:
            told += self._go_on()
        told += self._empty()
        self._slot = None
        return told

    def _go_on(self) -> Told:
        """Go on to the next calls, as far as they are complete."""
        told: Told = []
        while self._held:
            told += self._empty()
            slot = next(iter(self._held))
            call, self._said = self._held.pop(slot)
            self._slot = slot
            told += [call, *(text for text in self._said if text)]
            if not self._complete():
                break
        return told

    def _empty(self) -> Told:
        """Return the arguments of a call that had none: some clients read what the pieces are together."""
        return ["{}"] if self._slot is not None and not any(self._said) else []

    def _complete(self) -> bool:
        """Say whether the arguments of the call under way are a JSON object."""
        try:
            msgspec.json.decode("".join(self._said), type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return False
        return True
