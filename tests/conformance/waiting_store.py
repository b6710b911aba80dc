"""A store that waits, as one across a network does; otherwise the memory store."""

from collections.abc import Sequence

import trio

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.store import Admission, Window


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

    async def hit(self, windows: Sequence[Window], amount: int = 1) -> Admission:
        await trio.sleep(self._delay)
        return await self._inner.hit(windows, amount)

    async def refund(self, windows: Sequence[Window], admission: Admission, amount: int = 1) -> None:
        await trio.sleep(self._delay)
        await self._inner.refund(windows, admission, amount)

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> "WaitingStore":
        return WaitingStore(self._inner.part(name, max_entries=max_entries, max_bytes=max_bytes), delay=self._delay)
