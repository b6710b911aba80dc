"""Who holds what, in this process."""

from __future__ import annotations

from collections.abc import Sequence

from sluicegate.pipeline.store import Slot


class Slots:
    """Slots by their keys. They are bounded by what is held: a key that nobody holds takes no memory."""

    def __init__(self) -> None:
        self._until: dict[str, dict[str, float]] = {}
        """By key and owner, the time from which on the slot is free again."""

    def hold(self, slots: Sequence[Slot], owner: str, until: float, now: float) -> Slot | None:
        """Take all slots for ``owner``, or, if one of them is full, none; return that one, or None."""
        for slot in slots:
            if self._is_full(slot, owner, now):
                return slot
        for slot in slots:
            self._until.setdefault(slot.key, {})[owner] = until
        return None

    def release(self, slots: Sequence[Slot], owner: str) -> None:
        """Give back what ``owner`` holds of these."""
        for slot in slots:
            owners = self._until.get(slot.key)
            if owners is not None and owners.pop(owner, None) is not None and not owners:
                del self._until[slot.key]

    def _is_full(self, slot: Slot, owner: str, now: float) -> bool:
        owners = self._until.get(slot.key)
        if owners is None:
            return slot.count < 1
        if len(owners) < slot.count or owner in owners:
            return False
        for one in [one for one, until in owners.items() if until <= now]:
            del owners[one]
        return len(owners) >= slot.count
