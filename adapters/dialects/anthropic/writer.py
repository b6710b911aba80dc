"""A stream as Anthropic's clients read it.

One block is open at a time, and blocks are numbered as they begin:
``message_start``, for each block ``content_block_start``, its deltas and ``content_block_stop``, and at the end
``message_delta`` with the reason and the tokens, and ``message_stop``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    Event,
    RefusalPart,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.reply import Batch, ChunkKind, Usage

from ..order import Calls
from .citations import citation_of
from .frames import block_start, block_stop, delta, event
from .sealed import sealed
from .whole import ending, opening, usage_of

_Piece = TextPart | Cited | ThinkingPart | RefusalPart | CallBegin | CallPart | End
_encode = msgspec.json.encode
_TEXT = b'{"type":"text","text":""}'
_THINKING = b'{"type":"thinking","thinking":"","signature":""}'


class Writer:
    """Writes one stream. Only the first choice of an answer is told; there is no other in this dialect.

    Args:
        chat: What was asked.
    """

    def __init__(self, chat: Chat) -> None:
        self._model = chat.model
        self._begun = False
        self._index = -1
        self._open = ""
        """The kind of the open block: ``text``, ``thinking``, ``call``, or none."""
        self._signed = False
        self._calls = Calls()
        self._pieces = 0
        self._refused = False
        self._end = End()
        self._usage: Usage | None = None

    def write(self, events: Sequence[Event]) -> Batch:
        """Return the chunks of events that came together."""
        batch: Batch = []
        for one in events:
            if isinstance(one, Begin):
                self._begin(batch, one)
            elif isinstance(one, Count):
                self._usage = one.usage
            elif one.choice == 0:
                self._piece(batch, one)
        return batch

    def end(self) -> Batch:
        """Return the reason, the tokens, and the end."""
        batch: Batch = []
        self._begin(batch, Begin())
        self._close(batch)
        reason = ending(self._end.finish, self._end.stop_text, calls=self._calls.any, refused=self._refused)
        # Where the provider tells of no tokens, pieces are about as many.
        usage = {"output_tokens": self._pieces} if self._usage is None else usage_of(self._usage)
        told = {"type": "message_delta", "delta": reason, "usage": usage}
        batch.append(event("message_delta", _encode(told), ChunkKind.FINISH))
        batch.append(event("message_stop", b'{"type":"message_stop"}', ChunkKind.FINISH))
        return batch

    def _begin(self, batch: Batch, begin: Begin) -> None:
        if begin.usage is not None:
            self._usage = begin.usage
        if self._begun:
            return
        self._begun = True
        message = {
            **opening(begin.id, begin.model or self._model),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_of(begin.usage or Usage()),
        }
        batch.append(event("message_start", _encode({"type": "message_start", "message": message}), ChunkKind.HEAD))

    def _piece(self, batch: Batch, piece: _Piece) -> None:
        if not self._begun:
            self._begin(batch, Begin())
        if isinstance(piece, TextPart | RefusalPart):
            if piece.text:
                self._refused |= isinstance(piece, RefusalPart)
                self._enter(batch, "text", _TEXT)
                self._tell(batch, b'"text_delta","text":', piece.text)
        elif isinstance(piece, CallPart):
            self._tell_calls(batch, self._calls.part(piece))
        elif isinstance(piece, ThinkingPart):
            self._think(batch, piece)
        elif isinstance(piece, CallBegin):
            self._tell_calls(batch, self._calls.begin(piece))
        elif isinstance(piece, Cited):
            if (citation := citation_of(piece.citation)) is not None:
                self._enter(batch, "text", _TEXT)
                batch.append(delta(self._index, b'"citations_delta","citation":', _encode(citation), ChunkKind.HEAD))
        else:
            self._close(batch)
            self._end = piece

    def _think(self, batch: Batch, piece: ThinkingPart) -> None:
        if piece.redacted is not None:
            self._close(batch)
            self._redacted(batch, piece.redacted)
            return
        if piece.text:
            if self._signed:
                self._close(batch)  # what is signed is complete
            self._enter(batch, "thinking", _THINKING)
            self._tell(batch, b'"thinking_delta","thinking":', piece.text)
        if piece.signature is not None:
            self._enter(batch, "thinking", _THINKING)
            self._signed = True
            self._tell(batch, b'"signature_delta","signature":', piece.signature)

    def _redacted(self, batch: Batch, data: str) -> None:
        block = _encode({"type": "redacted_thinking", "data": data})
        self._index += 1
        batch += (block_start(self._index, block), block_stop(self._index))

    def _tell_calls(self, batch: Batch, told: list[CallBegin | str]) -> None:
        """Write beginnings of calls and pieces of their arguments, in the order in which they are to be told."""
        for one in told:
            if isinstance(one, str):
                self._tell(batch, b'"input_json_delta","partial_json":', one)
                continue
            self._stop(batch)
            if one.signature is not None:
                self._redacted(batch, sealed(one.signature))
            block = _encode({"type": "tool_use", "id": one.id, "name": one.name, "input": {}})
            self._start(batch, "call", block)

    def _tell(self, batch: Batch, head: bytes, text: str) -> None:
        self._pieces += 1
        batch.append(delta(self._index, head, _encode(text), ChunkKind.CONTENT))

    def _enter(self, batch: Batch, kind: str, block: bytes) -> None:
        """See to it that a block of a kind is open."""
        if self._open != kind:
            self._close(batch)
            self._start(batch, kind, block)

    def _start(self, batch: Batch, kind: str, block: bytes) -> None:
        self._index += 1
        self._open = kind
        batch.append(block_start(self._index, block))

    def _close(self, batch: Batch) -> None:
        """Close the open block, after all calls that were still held back."""
        self._tell_calls(batch, self._calls.release())
        self._stop(batch)

    def _stop(self, batch: Batch) -> None:
        if self._open:
            batch.append(block_stop(self._index))
        self._open = ""
        self._signed = False
