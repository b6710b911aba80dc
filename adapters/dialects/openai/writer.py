"""A stream as the chunks of a chat completion.

The first chunk of each choice carries its role. What clients gather by lists - calls, thoughts that can come back -
carries ``index``; citations, which do not, leave in one chunk before the choice's end. Then comes the reason to finish,
and behind all choices, if the caller asked, the tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sluicegate.pipeline.form.blocks import Thinking
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

from .wire import Json, annotation, call_json, finish_reason, new_id, thinking_block, usage_json

_encode = msgspec.json.Encoder().encode


class _ChoiceSoFar:
    """What is to be remembered of a choice while it is written.

    Attributes:
        length: Characters of its text so far.
        start: Where the text block began that is being written.
        in_text: Whether the piece before was text, or a citation of it.
        thoughts: The pieces of the thought that is being written.
        blocks: How many thoughts left as blocks.
        annotations: Citations that are still to leave.
        empty: Slots of the calls that have no arguments yet.
    """

    def __init__(self) -> None:
        self.length = 0
        self.start = 0
        self.in_text = False
        self.thoughts: list[str] = []
        self.blocks = 0
        self.annotations: list[Json] = []
        self.empty: set[int] = set()


class ChunkWriter:
    """Writes one stream.

    Args:
        chat: What was asked.
        now: Seconds since the epoch.
    """

    def __init__(self, chat: Chat, now: float) -> None:
        self._functions = chat.functions
        self._usage_wanted = chat.usage_wanted
        self._n = chat.n
        self._model = chat.model
        self._now = int(now)
        self._usage: Usage | None = None
        self._choices: dict[int, _ChoiceSoFar] = {}
        self._batch: Batch = []
        self._head = b""
        self._tail = b"]" + (b',"usage":null}' if self._usage_wanted else b"}")
        self._writes: dict[type[Event], Callable[..., None]] = {
            Begin: self._begin,
            TextPart: self._text,
            ThinkingPart: self._thinking,
            RefusalPart: self._refusal,
            CallBegin: self._call,
            CallPart: self._arguments,
            Cited: self._cited,
            End: self._end,
            Count: self._count,
        }

    def write(self, events: Sequence[Event]) -> Batch:
        """Return the chunks of events that came together."""
        for event in events:
            self._writes[type(event)](event)
        batch, self._batch = self._batch, []
        return batch

    def end(self) -> Batch:
        """Return the chunk with the tokens, if they are wanted and known."""
        if not self._usage_wanted or self._usage is None or not self._head:
            return []
        data = self._head + b'],"usage":' + _encode(usage_json(self._usage)) + b"}"
        return [Chunk(data, ChunkKind.USAGE)]

    def _begin(self, event: Begin) -> None:
        frame = {
            "id": event.id or new_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": event.created or self._now,
            "model": event.model or self._model,
        }
        # The same bytes begin every chunk.
        self._head = _encode(frame)[:-1] + b',"choices":['
        self._usage = event.usage
        for index in range(self._n):
            self._choice(index)

    def _choice(self, index: int) -> _ChoiceSoFar:
        """Return a choice, after the chunk with its role."""
        if not self._head:
            self._begin(Begin())
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _ChoiceSoFar()
            self._add(index, b'{"role":"assistant","content":""}', ChunkKind.HEAD)
        return choice

    def _add(self, index: int, delta: bytes, kind: ChunkKind, rest: bytes = b',"finish_reason":null}') -> None:
        data = b'%b{"index":%d,"delta":%b%b%b' % (self._head, index, delta, rest, self._tail)
        self._batch.append(Chunk(data, kind))

    def _text(self, event: TextPart) -> None:
        choice = self._choice(event.choice)
        if not choice.in_text:
            choice.in_text, choice.start = True, choice.length
            choice.thoughts.clear()
        choice.length += len(event.text)
        if event.logprobs is not None:
            rest = b',"logprobs":' + _encode(event.logprobs) + b',"finish_reason":null}'
            self._add(event.choice, _encode({"content": event.text}), ChunkKind.CONTENT, rest)
        elif event.text:
            self._add(event.choice, b'{"content":' + _encode(event.text) + b"}", ChunkKind.CONTENT)

    def _thinking(self, event: ThinkingPart) -> None:
        choice = self._choice(event.choice)
        choice.in_text = False
        if event.text:
            choice.thoughts.append(event.text)
            self._add(event.choice, b'{"reasoning_content":' + _encode(event.text) + b"}", ChunkKind.CONTENT)
        if event.signature is not None:
            self._block(event.choice, choice, Thinking("".join(choice.thoughts), event.signature))
            choice.thoughts.clear()
        if event.redacted is not None:
            self._block(event.choice, choice, Thinking(redacted=event.redacted))

    def _block(self, index: int, choice: _ChoiceSoFar, thinking: Thinking) -> None:
        """Write a thought as it can come back, whole."""
        block = {"index": choice.blocks, **(thinking_block(thinking) or {})}
        choice.blocks += 1
        self._add(index, _encode({"thinking_blocks": [block]}), ChunkKind.CONTENT)

    def _refusal(self, event: RefusalPart) -> None:
        choice = self._choice(event.choice)
        choice.in_text = False
        choice.thoughts.clear()
        if event.text:
            self._add(event.choice, _encode({"refusal": event.text}), ChunkKind.CONTENT)

    def _call(self, event: CallBegin) -> None:
        choice = self._choice(event.choice)
        choice.in_text = False
        choice.thoughts.clear()
        choice.empty.add(event.slot)
        call = call_json(event.id, event.name, "", event.signature)
        if not self._functions:
            self._add(event.choice, _encode({"tool_calls": [{"index": event.slot, **call}]}), ChunkKind.CONTENT)
        elif event.slot == 0:
            self._add(event.choice, _encode({"function_call": call["function"]}), ChunkKind.CONTENT)

    def _arguments(self, event: CallPart) -> None:
        choice = self._choice(event.choice)
        if not event.text:
            return
        choice.empty.discard(event.slot)
        if not self._functions:
            call = {"index": event.slot, "function": {"arguments": event.text}}
            self._add(event.choice, _encode({"tool_calls": [call]}), ChunkKind.CONTENT)
        elif event.slot == 0:
            self._add(event.choice, _encode({"function_call": {"arguments": event.text}}), ChunkKind.CONTENT)

    def _cited(self, event: Cited) -> None:
        choice = self._choice(event.choice)
        found = annotation(event.citation, choice.start, choice.length)
        if found is not None:
            choice.annotations.append(found)

    def _end(self, event: End) -> None:
        choice = self._choice(event.choice)
        for slot in sorted(choice.empty):
            self._arguments(CallPart(slot, "{}", event.choice))
        if choice.annotations:
            self._add(event.choice, _encode({"annotations": choice.annotations}), ChunkKind.HEAD)
        reason = finish_reason(event.finish, functions=self._functions)
        self._add(event.choice, b"{}", ChunkKind.FINISH, b',"finish_reason":"' + reason.encode() + b'"}')

    def _count(self, event: Count) -> None:
        self._usage = event.usage
