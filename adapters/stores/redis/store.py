"""The store that many machines share.

What is put there lasts for its time, or until the server's own bound of memory drops it: Redis' settings ``maxmemory``
and ``maxmemory-policy`` decide: https://redis.io/docs/latest/develop/reference/eviction/. With most policies it drops
counters too, and then limits start anew; with ``noeviction`` it drops nothing, and one that is full cannot be used.
Where answers are many, they are better kept in another Redis than the limits are.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from itertools import repeat
from random import Random
from typing import Any, cast

import trio
from redis.exceptions import OutOfMemoryError, ResponseError

from sluicegate.adapters.stores.windows import Counter, admitted, first_of, refusal, standing
from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.store import Admission, Amounts, Slot, Window, each

from .address import Address
from .commands import Commands
from .multiplexer import Multiplexer
from .scripts import ADJUST, HIT, HOLD, RELEASE, SEED, SERVER_TIME, Script

log = logging.getLogger("sluicegate.stores")

SILENCE = 60.0
"""Seconds for which the log says nothing more of the same refusals."""
Arguments = list[str | int | float]


class RedisStore:
    """A `Store` in a Redis. Each method is a checkpoint and one round trip, and each of them is atomic.

    Every method raises `StoreUnavailable` where there is no answer in time, or none that can be used. What it was to do
    may have been done then.

    Args:
        name: What the store is called in messages.
        timeout: Seconds that an answer may take.
        prefix: What all keys begin with.
        clock: Lua that sets ``now``.
    """

    immediate = False

    def __init__(
        self,
        name: str,
        address: Address,
        *,
        timeout: float,
        prefix: str,
        random: Random | None = None,
        clock: str = SERVER_TIME,
    ) -> None:
        self._multiplexer = Multiplexer(name, address, timeout=timeout, random=random or Random())
        self._commands = Commands(self._multiplexer)
        self._hit, self._adjust, self._seed, self._hold, self._release = (
            Script.of(body, clock) for body in (HIT, ADJUST, SEED, HOLD, RELEASE)
        )
        self._prefix = prefix
        self._path = "/"
        self._max_bytes: float = math.inf
        self._logged: dict[str, float] = {}

    async def run(self) -> None:
        """Keep the connection up, for ever. A checkpoint."""
        await self._multiplexer.run()

    async def get(self, key: str) -> bytes | None:
        """Return what any machine has stored under ``key``, or None."""
        try:
            return cast("bytes | None", await self._commands.get(self._key("v", key)))
        except ResponseError as error:
            raise self._unusable(error) from error

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds, unless it is larger than all that the part may have."""
        name = self._key("v", key)
        try:
            if ttl <= 0 or len(key) + len(value) > self._max_bytes:
                await self._commands.delete(name)  # else what was there before would stay
            else:
                await self._commands.set(name, value, px=max(1, round(ttl * 1000)))
        except ResponseError as error:
            raise self._unusable(error) from error

    async def hit(self, windows: Sequence[Window], amount: Amounts = 1) -> Admission:
        """Count in all windows, or in none."""
        if not windows:
            return Admission(())
        amounts = each(amount, windows)
        places: dict[str, int] = {}
        arguments: Arguments = []
        for window, count in zip(windows, amounts, strict=True):
            place = places.setdefault(self._counter(window), len(places) + 1)
            arguments += (place, window.count, _lua(window.seconds), count, int(window.seeded))
        told = cast(list[Any], await self._run(self._hit, list(places), arguments))
        now = float(told[1])
        found: list[Counter | None] = []
        for at in arguments[::5]:
            there, bucket, current, previous = told[int(at) * 4 - 2 : int(at) * 4 + 2]
            found.append(Counter(bucket, current, previous) if there or told[0] == 1 else None)
        if told[0] == 1:
            return admitted(windows, cast(list[Counter], found), now, amounts)
        refused = refusal(windows, found, now, amounts)
        if refused is None:
            # The server has rounded the other way, and its word counts: the one with the least room was meant.
            standings = tuple(standing(*one) for one in zip(windows, found, repeat(now), amounts, strict=False))
            refused = Admission(standings, refused_by=min(standings, key=lambda one: one.remaining), at=now)
        return refused

    async def adjust(self, windows: Sequence[Window], admission: Admission, change: Amounts) -> None:
        """Count more or less than `hit` has, on this machine or another."""
        if admission.refused_by is not None or admission.missing or not windows:
            return
        changes = first_of(windows, each(change, windows))
        arguments: Arguments = [f"{admission.at:.6f}"]
        for (_, seconds), amount in changes.items():
            arguments += (_lua(seconds), amount)
        await self._run(self._adjust, [self._counter_of(key, seconds) for key, seconds in changes], arguments)

    async def seed(self, window: Window, amount: int) -> None:
        """Begin a counter at ``amount``, for all machines."""
        await self._run(self._seed, [self._counter(window)], [_lua(window.seconds), amount])

    async def hold(self, slots: Sequence[Slot], owner: str, ttl: float) -> Slot | None:
        """Take all slots, or return one that is full."""
        if not slots:
            return None
        keys = [self._key("s", slot.key) for slot in slots]
        full = await self._run(self._hold, keys, [owner, ttl, *(slot.count for slot in slots)])
        return slots[cast(int, full) - 1] if full else None

    async def release(self, slots: Sequence[Slot], owner: str) -> None:
        """Give back what ``owner`` holds."""
        if slots:
            await self._run(self._release, [self._key("s", slot.key) for slot in slots], [owner])

    def part(self, name: str, *, max_entries: int, max_bytes: int) -> RedisStore:
        """Return the part called ``name``, with keys of its own.

        How many entries it keeps is the server's affair: the time of each bounds them, and Redis' ``maxmemory``. What
        is larger than ``max_bytes`` is not stored.
        """
        part = object.__new__(RedisStore)
        part.__dict__.update(self.__dict__)
        # No key outside of it begins like this: a name is preceded by its length, and any other key by a slash.
        part._path = f"{self._path.removesuffix('/')}{len(name)}:{name}/"
        part._max_bytes = max_bytes
        return part

    async def _run(self, script: Script, keys: list[str], arguments: Arguments) -> object:
        try:
            return await script.run(self._commands, keys, arguments)
        except ResponseError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: ResponseError) -> StoreUnavailable:
        """Return what the server's refusal means; its words stay out, since they may quote keys."""
        full = isinstance(error, OutOfMemoryError)
        told = self._multiplexer.unavailable("it is full" if full else f"it refuses commands ({type(error).__name__})")
        if trio.current_time() - self._logged.get(told.message, -math.inf) >= SILENCE:
            self._logged[told.message] = trio.current_time()
            log.warning("%s", told.message)
        return told

    def _key(self, kind: str, key: str) -> str:
        return f"{self._prefix}{kind}{self._path}{key}"

    def _counter(self, window: Window) -> str:
        return self._counter_of(window.key, window.seconds)

    def _counter_of(self, key: str, seconds: float) -> str:
        return f"{self._prefix}w{_lua(seconds)}{self._path}{key}"


def _lua(seconds: float) -> str:
    """Return the length of a window as the scripts have it: 0 for one without end."""
    return "0" if seconds == math.inf else f"{seconds:.17g}"
