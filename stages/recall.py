"""Keep what was said in the Responses API, so that a later request can go on from an answer by its id.

An id belongs to the tenant who was given it: for another one there is no such response. What is kept is bounded in
time, number and bytes. A provider that has the API keeps its own; an id that is not known here may so be known there,
and it is `call` that finds out.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.checks import Check, Checked, Fault, check
from sluicegate.pipeline.config.kinds import Duration, Size
from sluicegate.pipeline.config.store_settings import MEMORY
from sluicegate.pipeline.config.units import show_size
from sluicegate.pipeline.conversation import Conversation
from sluicegate.pipeline.errors import InvalidRequest, StoreUnavailable
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.reply import Chunk, Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas import ResponsesRequest
from sluicegate.pipeline.stage import Verdict
from sluicegate.pipeline.store import at_once

from .parts.input_items import list_items, page_of
from .parts.said import KeptFirst, conversation_of, response_in, unknown_response

READ, DELETE, ITEMS, CANCEL = "response", "delete_response", "input_items", "cancel_response"
_BY_ID = frozenset({READ, DELETE, ITEMS, CANCEL})
"""The operations that ask for a response by its id."""
_DELETED = b""
"""Stands for what was deleted, until its time is over."""


@check("max_entry", "max_bytes")
def _room_for_one_entry(max_entry: int, max_bytes: int) -> Iterator[Fault]:
    """Refuse a largest conversation that could never be kept."""
    if max_entry > max_bytes:
        yield Fault(("max_entry",), f"is {show_size(max_entry)}, and max_bytes only {show_size(max_bytes)}")


class RecallSettings(Checked, kw_only=True, frozen=True):
    """What is kept of responses, and for how long."""

    checks: ClassVar[tuple[Check, ...]] = (_room_for_one_entry,)

    store: Annotated[str, Meta(description="Where responses are kept: memory, or one of the section `stores`.")] = (
        MEMORY
    )
    on_failure: Annotated[
        Literal["open", "closed"] | None,
        Meta(
            description="While the store cannot be used: open takes them for unknown, closed answers 503. "
            "Unset, the store's own."
        ),
    ] = None
    ttl: Annotated[Duration, Meta(gt=0, description="How long a response can be gone on from.")] = 3600.0
    max_entries: Annotated[
        int, Meta(ge=1, description="The most responses kept; the least recently used go first.")
    ] = 1000
    max_entry: Annotated[
        Size, Meta(ge=1, description="The largest conversation that is kept, with all that was said before.")
    ] = 1024 * 1024
    max_bytes: Annotated[
        Size, Meta(ge=1, description="The most memory that all responses take; the least recently used go first.")
    ] = 64 * 1024 * 1024

    def apart(self) -> Iterable[str]:
        """Yield what workers do not share."""
        yield "each recalls by itself: previous_response_id of one worker's answer is unknown to the others"


@stage("recall", summary="Keep responses, and go on from them by their ids.", settings=RecallSettings)
class Recall:
    """Find what ``previous_response_id`` names, answer what is asked about a response, and keep new ones.

    Raises, in `attend`:
        NotFound: The response is another tenant's; or, where it is asked for by itself, there is none.
        StoreUnavailable: The store cannot be used, and without it nothing is to be answered, or nothing could be.
        InvalidRequest: It is to be cancelled, which only what is made in the background can be; or a page is none.
    """

    def __init__(self, settings: RecallSettings, resources: Resources) -> None:
        self._settings = settings
        store, self._closed = resources.store(settings.store, settings.on_failure)
        self._store = store.part("recall", max_entries=settings.max_entries, max_bytes=settings.max_bytes)

    def judge(self, exchange: Exchange) -> Verdict:
        """Let pass what has nothing to do with responses, and ask to wait where the store is to be asked."""
        request = exchange.request
        if request.operation in _BY_ID:
            return Verdict.WAIT
        typed = request.typed
        if not isinstance(typed, ResponsesRequest):
            return Verdict.PASS
        if typed.previous_response_id is not None:
            return Verdict.WAIT
        self._keep(exchange, typed)
        return Verdict.PASS

    async def attend(self, exchange: Exchange) -> Verdict:
        """Look into the store. A checkpoint where that is one."""
        request = exchange.request
        if request.operation in _BY_ID:
            exchange.reply = Reply(body=await self._answer(exchange, request.subject))
            return Verdict.REPLY
        if isinstance(typed := request.typed, ResponsesRequest):
            name = typed.previous_response_id or ""
            packed = await self._get(name)
            found = await self._read(packed)
            if packed == _DELETED or (found is not None and found.tenant != exchange.caller.tenant):
                raise unknown_response(name)
            request.recalled = found
            self._keep(exchange, typed)
        return Verdict.PASS

    async def _get(self, name: str) -> bytes | None:
        """Return what is kept under an id; nothing while the store cannot be used, if that is to stop nobody."""
        try:
            return await self._store.get(name)
        except StoreUnavailable:
            if self._closed:
                raise
            return None

    async def _read(self, packed: bytes | None) -> Conversation | None:
        return await compute(len(packed), Conversation.unpack, packed) if packed else None

    async def _answer(self, exchange: Exchange, name: str) -> bytes:
        packed = await self._store.get(name)
        found = await self._read(packed)
        if found is None or found.tenant != exchange.caller.tenant:
            raise unknown_response(name, "response_id")
        operation = exchange.request.operation
        if operation == READ:
            return bytes(found.response)
        if operation == ITEMS:
            page = page_of(exchange.request.body)
            return await compute(len(packed or b""), list_items, name, found, page)
        if operation == CANCEL:
            # What is kept is complete, and OpenAI says this of all that was not made in the background.
            raise InvalidRequest("Cannot cancel a synchronous response.", param="response_id")
        await self._store.put(name, _DELETED, ttl=self._settings.ttl)
        return msgspec.json.encode({"id": name, "object": "response", "deleted": True})

    def _keep(self, exchange: Exchange, typed: ResponsesRequest) -> None:
        """See to it that the response is kept before its end leaves, unless there is none or nobody wants that."""
        if typed.store is False or exchange.request.operation != "responses":
            return
        exchange.on_reply.append(self._keep_plain)
        if not typed.stream:
            return
        if self._store.immediate:
            exchange.taps.append(self._keep_last)
        else:
            exchange.on_reply.append(self._keep_first)

    def _keep_plain(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        reply = exchange.reply
        if reply is None or reply.stream is not None or reply.status != 200 or not self._may_fit(exchange, reply.body):
            return None
        return self._put(conversation_of(exchange, reply.body))

    def _keep_last(self, exchange: Exchange, chunk: Chunk) -> Chunk:
        response = response_in(chunk)
        if response is not None and self._may_fit(exchange, response):
            at_once(self._put(conversation_of(exchange, response)))
        return chunk

    def _keep_first(self, exchange: Exchange) -> None:
        """Let the end of a stream wait until the response is kept: who has seen it may go on from it at once."""
        reply = exchange.reply
        if reply is not None and reply.stream is not None:
            reply.stream = KeptFirst(reply.stream, lambda response: self._keep_stream(exchange, response))

    async def _keep_stream(self, exchange: Exchange, response: bytes) -> None:
        if self._may_fit(exchange, response):
            await self._put(conversation_of(exchange, response))

    def _may_fit(self, exchange: Exchange, response: bytes) -> bool:
        return len(response) + len(exchange.request.body) <= self._settings.max_entry

    async def _put(self, said: tuple[str, Conversation] | None) -> None:
        packed = said[1].pack() if said is not None else b""
        if said is not None and len(packed) <= self._settings.max_entry:
            # The answer is there, and has cost what it has; that the store is away stands in the log.
            with suppress(StoreUnavailable):
                await self._store.put(said[0], packed, ttl=self._settings.ttl)
