"""Answer a request that was answered before, word for word, with the same answer.

Only whole answers are kept: status 200, no error, and of a stream its clean end. The caller may ask for a fresh one:
``cache-control: no-cache`` does not look (but keeps what comes), ``no-store`` does neither.
https://www.rfc-editor.org/rfc/rfc9111#section-5.2.1
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from sluicegate.pipeline.config.checks import Check, Checked, Fault, check
from sluicegate.pipeline.config.kinds import Duration, Size
from sluicegate.pipeline.config.store_settings import MEMORY
from sluicegate.pipeline.config.units import show_size
from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import LARGE, compute
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas import ResponsesRequest
from sluicegate.pipeline.schemas.decode import OPERATIONS
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import at_once

from .parts.cache_entry import Budget, Entry, Recording
from .parts.cache_keeping import Keeping
from .parts.cache_key import cache_key

_CACHED = OPERATIONS - {"speech"}
"""Sound is large, leaves as it comes, and is mostly made once."""
RECORDING = 64 * 1024 * 1024
"""Bytes that the streams being recorded may take together. One that finds no room is not kept."""


@check("max_entry", "max_bytes")
def _room_for_one_entry(max_entry: int, max_bytes: int) -> Iterator[Fault]:
    """Refuse a largest answer that could never be kept."""
    if max_entry > max_bytes:
        yield Fault(("max_entry",), f"is {show_size(max_entry)}, and max_bytes only {show_size(max_bytes)}")


class CacheSettings(Checked, kw_only=True, frozen=True):
    """What is kept, and for how long."""

    checks: ClassVar[tuple[Check, ...]] = (_room_for_one_entry,)

    store: Annotated[str, Meta(description="Where answers are kept: memory, or one of the section `stores`.")] = MEMORY
    on_failure: Annotated[
        Literal["open", "closed"] | None,
        Meta(
            description="While the store cannot be used: open asks the model, closed answers 503. "
            "Unset, the store's own."
        ),
    ] = None
    ttl: Annotated[Duration, Meta(gt=0, description="How long an answer is kept.")] = 3600.0
    max_entries: Annotated[int, Meta(ge=1, description="The most answers kept; the least recently used go first.")] = (
        1000
    )
    max_entry: Annotated[Size, Meta(ge=1, description="The largest answer that is kept.")] = 1024 * 1024
    max_bytes: Annotated[
        Size, Meta(ge=1, description="The most memory that all answers take; the least recently used go first.")
    ] = 64 * 1024 * 1024

    def apart(self) -> Iterable[str]:
        """Yield what workers do not share."""
        yield "each caches by itself: an answer from one worker is a miss in the others"


@stage("cache", summary="Answer a repeated request from memory, streams as streams.", settings=CacheSettings)
class Cache:
    """Reply where there is an answer, else see to it that the one to come is kept.

    What is kept is what this stage sees: changed by the stages behind it, and not yet by those before it, which will
    see a repeated answer as they saw the first one.

    It notes ``cache: hit``, ``miss`` or ``bypass`` on each exchange that asks for an answer of a model. Requests with
    files pass.
    """

    def __init__(self, settings: CacheSettings, resources: Resources) -> None:
        self._settings = settings
        store, self._closed = resources.store(settings.store, settings.on_failure)
        self._store = store.part("cache", max_entries=settings.max_entries, max_bytes=settings.max_bytes)
        self._budget = Budget(RECORDING)

    def judge(self, exchange: Exchange) -> Verdict:
        """Look at once where the store can, or ask to wait: for the store, or for a thread. Not a checkpoint."""
        if exchange.request.operation not in _CACHED or exchange.request.upload is not None:
            return Verdict.PASS  # whether two files are the same would take as long to find out as to send them
        if not self._store.immediate or len(exchange.request.body) > LARGE:
            return Verdict.WAIT
        looks, keeps = _wishes(exchange)
        key = cache_key(exchange) if keeps else ""
        packed = at_once(self._store.get(key)) if looks else None
        if packed is not None and len(packed) > LARGE:
            return Verdict.WAIT
        return self._decide(exchange, key, Entry.unpack(packed) if packed is not None else None, looked=looks)

    async def attend(self, exchange: Exchange) -> Verdict:
        """Look for an answer, in a thread where there is much to read. A checkpoint, also where the store is one.

        Raises:
            StoreUnavailable: The store cannot be used, and without it nothing is to be answered.
        """
        looks, keeps = _wishes(exchange)
        key = await compute(len(exchange.request.body), cache_key, exchange) if keeps else ""
        packed = None
        try:
            packed = await self._store.get(key) if looks else None
        except StoreUnavailable:
            if self._closed:
                raise
            looks = False
        entry = await compute(len(packed), Entry.unpack, packed) if packed is not None else None
        return self._decide(exchange, key, entry, looked=looks)

    def _decide(self, exchange: Exchange, key: str, entry: Entry | None, *, looked: bool) -> Verdict:
        """Answer with an entry; else see to it that the answer is kept under ``key``, if there is one."""
        if entry is not None:
            entry.answer(exchange)
            exchange.notes["cache"] = "hit"
            return Verdict.REPLY
        exchange.notes["cache"] = "miss" if looked else "bypass"
        if key:
            self._record(exchange, key)
        return Verdict.PASS

    def _record(self, exchange: Exchange, key: str) -> None:
        """See to it that the answer is kept once it is known to be whole."""
        keeping = Keeping()
        if exchange.request.stream:
            keeping.recording = Recording(self._settings.max_entry, self._budget)
            exchange.stack.callback(keeping.recording.release)
            exchange.taps.append(keeping.recording.tap)
        exchange.on_reply.append(keeping.look)

        def settle(ended: Exchange) -> Coroutine[Any, Any, None] | None:
            entry = keeping.entry(ended)
            size = entry.size if entry is not None else 0
            if entry is None or size > self._settings.max_entry:
                return None
            putting = self._put(key, entry, size)
            if not self._store.immediate or size > LARGE:
                return putting
            at_once(putting)
            return None

        exchange.on_settle.append(settle)

    async def _put(self, key: str, entry: Entry, size: int) -> None:
        packed = await compute(size, entry.pack)
        if len(packed) <= self._settings.max_entry:
            # The answer has left, so there is nobody to refuse; that the store is away stands in the log.
            with suppress(StoreUnavailable):
                await self._store.put(key, packed, ttl=self._settings.ttl)


def _wishes(exchange: Exchange) -> tuple[bool, bool]:
    """Return whether to look for an answer, and whether to keep the one that comes, as the caller wishes."""
    if exchange.request.explain:
        return False, exchange.request.explain == "add"  # how it would be routed is seen on the way only
    if exchange.request.provider_keys:
        return False, False  # such an answer is that key's, whoever shares the caller's name
    if isinstance(exchange.request.typed, ResponsesRequest) and exchange.request.typed.store is not False:
        return False, False  # its id names one conversation; two that share it would end with the first of them
    header = exchange.request.headers.get("cache-control")
    if not header:
        return True, True
    directives = {part.strip().lower() for part in header.split(",")}
    keeps = "no-store" not in directives
    return keeps and "no-cache" not in directives, keeps
