"""What of a response is to be kept: the response object as it left, and all that was said up to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from sluicegate.pipeline.conversation import Conversation
from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Batch, Chunk

_LAST = frozenset({"response.completed", "response.incomplete"})


class _Event(msgspec.Struct):
    response: msgspec.Raw


class _Response(msgspec.Struct):
    id: str
    status: str | None = None
    output: list[msgspec.Raw] = []


_event = msgspec.json.Decoder(_Event).decode
_response = msgspec.json.Decoder(_Response).decode
_input = msgspec.json.Decoder(str | list[msgspec.Raw] | None).decode


def response_in(chunk: Chunk) -> bytes | None:
    """Return the response object of a stream's last event, None of any other."""
    return bytes(_event(chunk.data).response) if chunk.event in _LAST else None


class KeptFirst:
    """A stream whose last event waits until the response in it is kept.

    Args:
        stream: The stream itself.
        keep: Keeps a response object.
    """

    def __init__(self, stream: AsyncIterator[Batch], keep: Callable[[bytes], Awaitable[None]]) -> None:
        self._stream = stream
        self._keep = keep

    def __aiter__(self) -> KeptFirst:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch. A checkpoint where the stream is one, or there is something to keep."""
        batch = await self._stream.__anext__()
        for chunk in batch:
            if (response := response_in(chunk)) is not None:
                await self._keep(response)
        return batch


def conversation_of(exchange: Exchange, response: bytes) -> tuple[str, Conversation] | None:
    """Return the id of a response and the conversation up to it; None for one that is not there yet, or is odd."""
    request = exchange.request
    try:
        told = _response(response)
        asked = _input(request.fields.get("input", b"null"))
    except msgspec.DecodeError:
        return None
    if told.status not in ("completed", "incomplete"):
        return None
    if isinstance(asked, str):
        asked = [msgspec.Raw(msgspec.json.encode({"type": "message", "role": "user", "content": asked}))]
    before = request.recalled.items if request.recalled is not None else []
    items = [*before, *(asked or []), *told.output]
    provider = exchange.notes.get("provider", "")
    return told.id, Conversation(exchange.caller.tenant, provider, items, msgspec.Raw(response))


def unknown_response(name: str, param: str = "previous_response_id") -> NotFound:
    """Return the error for a response that is not kept here, or is another tenant's."""
    code = "previous_response_not_found" if param == "previous_response_id" else "response_not_found"
    return NotFound(
        f"{param}: there is no response {name[:256]!r} here, or it is kept no longer", param=param, code=code
    )
