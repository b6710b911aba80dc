"""A store that waits, as one across a network does; otherwise the memory store."""

from collections.abc import Sequence

import trio

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.store import Admission, Amounts, Slot, Window


class WaitingStore:
    immediate = False

    def __init__(self, inner: MemoryStore, *, delay: float = 0.0) -> None:
        self._inner = inner
        self._delay = delay

    async def get(self, key: str) -> bytes | None:
        await trio.sleep(self._delay)
        return await self._inner.get(key)

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        await trio.sleep(self._delay)
        await self._inner.put(key, value, ttl=ttl)

    async def hit(self, windows: Sequence[Window], amount: Amounts = 1) -> Admission:
        await trio.sleep(self._delay)
        return await self._inner.hit(windows, amount)

    async def adjust(self, windows: Sequence[Window], admission: Admission, change: Amounts) -> None:
        await trio.sleep(self._delay)
        await self._inner.adjust(windows, admission, change)

    async def seed(self, window: Window, amount: int) -> None:
        await trio.sleep(self._delay)
        await self._inner.seed(window, amount)

    async def hold(self, slots: Sequence[Slot], owner: str, ttl: float) -> Slot | None:
        await trio.sleep(self._delay)
        return await self._inner.hold(slots, owner, ttl)

    async def release(self, slots: Sequence[Slot], owner: str) -> None:
        await trio.sleep(self._delay)
        await self._inner.release(slots, owner)

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> "WaitingStore":
        return WaitingStore(self._inner.part(name, max_entries=max_entries, max_bytes=max_bytes), delay=self._delay)
