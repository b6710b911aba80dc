"""A store that cannot be used, as one across a network may be at any time."""

from collections.abc import Sequence
from typing import NoReturn

import trio

from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.store import Amounts, Slot, Window


class AwayStore:
    immediate = False

    async def _fail(self) -> NoReturn:
        await trio.lowlevel.checkpoint()
        raise StoreUnavailable("store 'shared' cannot be used: it is away")

    async def get(self, key: str) -> NoReturn:
        await self._fail()

    async def put(self, key: str, value: bytes, *, ttl: float) -> NoReturn:
        await self._fail()

    async def hit(self, windows: Sequence[Window], amount: Amounts = 1) -> NoReturn:
        await self._fail()

    async def adjust(self, windows: Sequence[Window], admission: object, change: Amounts) -> NoReturn:
        await self._fail()

    async def seed(self, window: Window, amount: int) -> NoReturn:
        await self._fail()

    async def hold(self, slots: Sequence[Slot], owner: str, ttl: float) -> NoReturn:
        await self._fail()

    async def release(self, slots: Sequence[Slot], owner: str) -> NoReturn:
        await self._fail()

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> "AwayStore":
        return self
