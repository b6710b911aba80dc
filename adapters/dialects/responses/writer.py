"""A stream as clients of the Responses API read it.

Each event has a name, and a number that rises from 0. Between ``response.created`` and the last event, which holds the
whole response, one item is open at a time: added, told in pieces, and done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from ..order import Calls
from .sealed import sealed
from .whole import (
    annotation,
    ended,
    function_call,
    logprobs_of,
    message,
    opening,
    refusal_part,
    sealed_item,
    summary_part,
)

Json = dict[str, Any]
_Piece = TextPart | Cited | ThinkingPart | RefusalPart | CallBegin | CallPart | End


class Writer:
    """Writes one stream. Only the first choice of an answer is told; there is no other in this dialect.

    Args:
        chat: What was asked.
        now: Seconds since the epoch.
    """

    def __init__(self, chat: Chat, now: int) -> None:
        self._chat = chat
        self._now = now
        self._head: Json | None = None
        self._number = 0
        self._batch: Batch = []
        self._output: list[Json] = []
        self._item: Json | None = None
        """The open item, which is the last of the output."""
        self._part: Json | None = None
        """The open part of it."""
        self._said: list[str] = []
        self._calls = Calls()
        self._end = End()
        self._usage: Usage | None = None
        self._pieces = 0

    def write(self, events: Sequence[Event]) -> Batch:
        """Return the chunks of events that came together."""
        for one in events:
            if isinstance(one, Begin):
                self._begin(one)
            elif isinstance(one, Count):
                self._usage = one.usage
            elif one.choice == 0:
                self._begin(Begin())
                self._piece(one)
        return self._taken()

    def end(self) -> Batch:
        """Close what is open, and tell the whole response."""
        head = self._begin(Begin())
        self._release()
        cut = self._end.finish in ("length", "content_filter")
        self._close("incomplete" if cut else "completed")
        # Where the provider tells of no tokens, pieces are about as many.
        usage = self._usage or Usage(output=self._pieces)
        response = ended(head, self._output, self._end.finish, usage)
        self._tell(f"response.{response['status']}", ChunkKind.FINISH, response=response)
        return self._taken()

    def _taken(self) -> Batch:
        batch, self._batch = self._batch, []
        return batch

    def _tell(self, name: str, kind: ChunkKind = ChunkKind.HEAD, /, **fields: Any) -> None:
        data = msgspec.json.encode({"type": name, "sequence_number": self._number, **fields})
        self._number += 1
        self._batch.append(Chunk(data, kind, name))

    def _begin(self, begin: Begin) -> Json:
        if begin.usage is not None:
            self._usage = begin.usage
        if self._head is None:
            self._head = opening(self._chat, begin.model, begin.created or self._now)
            self._tell("response.created", response=self._head)
            self._tell("response.in_progress", response=self._head)
        return self._head

    def _piece(self, piece: _Piece) -> None:
        match piece:
            case TextPart():
                self._text(piece)
            case RefusalPart():
                if piece.text:
                    self._enter_part("refusal", refusal_part(""))
                    self._say("response.refusal.delta", piece.text)
            case Cited():
                self._cite(piece)
            case ThinkingPart():
                self._think(piece)
            case CallBegin():
                self._tell_calls(self._calls.begin(piece))
            case CallPart():
                self._tell_calls(self._calls.part(piece))
            case End():
                self._end = piece

    def _text(self, piece: TextPart) -> None:
        if not piece.text:
            return
        empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        part = self._enter_part("output_text", empty)
        logprobs = logprobs_of(piece.logprobs)
        part["logprobs"] += logprobs
        self._say("response.output_text.delta", piece.text, logprobs=logprobs)

    def _cite(self, piece: Cited) -> None:
        if self._part is None or self._part["type"] != "output_text":
            return
        note = annotation(piece.citation, len("".join(self._said)))
        if note is None:
            return
        place = len(self._part["annotations"])
        self._part["annotations"].append(note)
        where = self._where()
        self._tell("response.output_text.annotation.added", **where, annotation_index=place, annotation=note)

    def _think(self, piece: ThinkingPart) -> None:
        if piece.redacted is not None:
            self._release()
            self._alone(sealed_item(sealed("redacted", piece.redacted)))
            return
        item = self._item
        if item is None or item["type"] != "reasoning" or (item["encrypted_content"] is not None and piece.text):
            if not piece.text and piece.signature is None:
                return
            self._release()
            item = self._open(sealed_item(None))
        if piece.text:
            if self._part is None:
                self._part = summary_part("")
                item["summary"].append(self._part)
                self._tell("response.reasoning_summary_part.added", **self._where(), part=self._part)
            self._say("response.reasoning_summary_text.delta", piece.text)
        if piece.signature is not None:
            item["encrypted_content"] = sealed("signature", piece.signature)

    def _tell_calls(self, told: list[CallBegin | str]) -> None:
        """Write beginnings of calls and pieces of their arguments, in the order in which they are to be told."""
        for one in told:
            if isinstance(one, str):
                self._say("response.function_call_arguments.delta", one)
                continue
            if one.signature is not None:
                self._alone(sealed_item(sealed("call", one.signature)))
            self._open(function_call(one.id, one.name, ""))

    def _release(self) -> None:
        """Tell the calls that were still held back: none goes on."""
        self._tell_calls(self._calls.release())

    def _say(self, name: str, text: str, **more: Any) -> None:
        self._pieces += 1
        self._said.append(text)
        self._tell(name, ChunkKind.CONTENT, **self._where(), delta=text, **more)

    def _where(self) -> Json:
        """Return the place of the open part, as events name it."""
        where: Json = {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}
        if self._part is not None:
            summary = self._part["type"] == "summary_text"
            parts = self._output[-1]["summary" if summary else "content"]
            where["summary_index" if summary else "content_index"] = len(parts) - 1
        return where

    def _enter_part(self, kind: str, part: Json) -> Json:
        """See to it that a part of a kind is open, in a message."""
        if self._part is not None and self._part["type"] == kind:
            return self._part
        if self._item is None or self._item["type"] != "message":
            self._release()
            item = self._open(message())
        else:
            item = self._item
            self._close_part()
        item["content"].append(part)
        self._part = part
        self._tell("response.content_part.added", **self._where(), part=part)
        return part

    def _alone(self, item: Json) -> None:
        """Tell an item that is whole."""
        self._open(item)
        self._close("completed")

    def _open(self, item: Json) -> Json:
        self._close("completed")
        self._item = item
        self._output.append(item)
        if "status" in item:
            item["status"] = "in_progress"
        # A client sees which tool is called.
        kind = ChunkKind.CONTENT if item["type"] == "function_call" else ChunkKind.HEAD
        self._tell("response.output_item.added", kind, output_index=len(self._output) - 1, item=item)
        return item

    def _close(self, status: str) -> None:
        """Close the open item, if there is one."""
        item = self._item
        if item is None:
            return
        self._close_part()
        if item["type"] == "function_call":
            item["arguments"] = self._text_so_far()
            done = {"name": item["name"], "arguments": item["arguments"]}
            self._tell("response.function_call_arguments.done", **self._where(), **done)
        if "status" in item:
            item["status"] = status
        self._tell("response.output_item.done", output_index=len(self._output) - 1, item=item)
        self._item = None

    def _close_part(self) -> None:
        part = self._part
        if part is None:
            return
        text, where = self._text_so_far(), self._where()
        if part["type"] == "summary_text":
            part["text"] = text
            self._tell("response.reasoning_summary_text.done", **where, text=text)
            self._tell("response.reasoning_summary_part.done", **where, part=part)
        elif part["type"] == "refusal":
            part["refusal"] = text
            self._tell("response.refusal.done", **where, refusal=text)
            self._tell("response.content_part.done", **where, part=part)
        else:
            part["text"] = text
            self._tell("response.output_text.done", **where, text=text, logprobs=part["logprobs"])
            self._tell("response.content_part.done", **where, part=part)
        self._part = None

    def _text_so_far(self) -> str:
        text = "".join(self._said)
        self._said = []
        return text
