"""From the chunks of OpenAI's API to events. A whole message is read as one large delta."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from sluicegate.pipeline.form.answer import Finish
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    End,
    Event,
    RefusalPart,
    TextPart,
    ThinkingPart,
)

from ..reading import Malformed

_FINISHES: dict[object, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
"""Why an answer ended, as servers say it; all else is an end like any other."""
_MAX_TIME = 2**53


class Function(msgspec.Struct):
    """What is called. Some servers write arguments as an object, not as its text."""

    name: str | None = None
    arguments: object = None


class Call(msgspec.Struct):
    """A piece of a call, or all of it."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: object = None


class Said(msgspec.Struct):
    """A message, or what one chunk adds to it."""

    content: object = None
    reasoning_content: object = None
    reasoning: object = None
    thinking_blocks: object = None
    refusal: object = None
    annotations: object = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None


class SaidChoice(msgspec.Struct):
    """One of the answers. ``stop_reason`` is vLLM's: the text that ended the answer, or a token."""

    index: int | None = None
    delta: Said | None = None
    message: Said | None = None
    finish_reason: object = None
    stop_reason: object = None
    logprobs: object = None


class SaidChunk(msgspec.Struct):
    """A chunk, or a whole answer. Tokens are read elsewhere."""

    id: object = None
    model: object = None
    created: object = None
    choices: list[SaidChoice] | None = None


_decode = msgspec.json.Decoder(SaidChunk).decode
_encode = msgspec.json.encode


class _Making:
    """A call that is being made. Its beginning is held until its name is known.

    Attributes:
        held: Arguments that came before the name.
        began: Whether its beginning left.
    """

    def __init__(self, slot: int, call_id: str) -> None:
        self.slot = slot
        self.id = call_id
        self.held = ""
        self.began = False


class _ChoiceReader:
    """Reads one of the answers. ``names`` are the tools' own, by those that stand for them."""

    def __init__(self, index: int, names: Mapping[str, str]) -> None:
        self._index = index
        self._names = names
        self._calls: dict[int, _Making] = {}
        self._last: _Making | None = None
        self._count = 0
        self._ids: set[str] = set()
        self._thinks = False
        self._finish: Finish = "stop"
        self._stop_text: str | None = None

    def read(self, choice: SaidChoice) -> Iterator[Event]:
        """Yield what a chunk adds, in the order in which models say it. Raises Malformed."""
        said = choice.delta or choice.message or Said()
        yield from self._thoughts(said)
        yield from self._content(said.content, choice.logprobs)
        for citation in _citations(said.annotations):
            yield Cited(citation, self._index)
        if isinstance(said.refusal, str) and said.refusal:
            yield RefusalPart(said.refusal, self._index)
        for place, call in enumerate(said.tool_calls or ()):
            if choice.message is not None:
                call.index = place  # each of them is whole
            yield from self._call(call)
        if said.function_call is not None:
            yield from self._call(Call(0, None, said.function_call))
        if choice.finish_reason:
            self._finish = _FINISHES.get(_hashable(choice.finish_reason), "stop")
            self._stop_text = choice.stop_reason if isinstance(choice.stop_reason, str) else None

    def end(self) -> End:
        """Return the end of the answer. Raises Malformed where a call was never named."""
        if any(not call.began for call in self._calls.values()):
            raise Malformed("not of its API (a tool call has no name)")
        # Some servers, and OpenAI where one tool is forced, say no more than that it ended.
        finish: Finish = "tool_calls" if self._count and self._finish == "stop" else self._finish
        return End(finish, self._index, self._stop_text)

    def _thoughts(self, said: Said) -> Iterator[Event]:
        text = said.reasoning_content or said.reasoning
        if isinstance(text, str) and text:
            self._thinks = True
            yield ThinkingPart(text, choice=self._index)
        for block in _objects(said.thinking_blocks):
            signature, data, text = block.get("signature"), block.get("data"), block.get("thinking")
            if isinstance(data, str):
                yield ThinkingPart(redacted=data, choice=self._index)
            # The text of a block stands beside it as well, or came before.
            if isinstance(text, str) and text and not self._thinks:
                yield ThinkingPart(text, choice=self._index)
            if isinstance(signature, str) and signature:
                self._thinks = False
                yield ThinkingPart(signature=signature, choice=self._index)

    def _content(self, content: object, logprobs: object) -> Iterator[Event]:
        told = logprobs if isinstance(logprobs, dict) else None
        if isinstance(content, str) and (content or told):
            yield TextPart(content, self._index, told)
        for part in _objects(content):  # as Mistral has them
            if isinstance(text := part.get("text"), str) and text:
                yield TextPart(text, self._index)
            thinking = part.get("thinking")
            texts = [thinking] if isinstance(thinking, str) else [piece.get("text") for piece in _objects(thinking)]
            for thought in texts:
                if isinstance(thought, str) and thought:
                    yield ThinkingPart(thought, choice=self._index)

    def _call(self, call: Call) -> Iterator[Event]:
        making = self._making(call)
        function = call.function or Function()
        text = function.arguments
        if text is None:
            text = ""
        elif not isinstance(text, str):
            text = _encode(text).decode()
        if making.began:
            if text:
                yield CallPart(making.slot, text, self._index)
            return
        making.held += text
        if function.name:
            making.began = True
            name = self._names.get(function.name, function.name)
            yield CallBegin(making.slot, making.id, name, _signature(call.extra_content), self._index)
            if making.held:
                yield CallPart(making.slot, making.held, self._index)

    def _making(self, call: Call) -> _Making:
        """Return the call that a piece belongs to. Some servers give no index, or the same one to all calls."""
        known = self._last if call.index is None else self._calls.get(call.index)
        if known is not None and (not call.id or not known.id or call.id == known.id):
            known.id = known.id or call.id or ""
            return known
        if call.id:
            if call.id in self._ids:
                raise Malformed("not of its API (two tool calls have one id)")
            self._ids.add(call.id)
        making = _Making(self._count, call.id or "")
        # Without an index a call is told from others by its id, and stands where no index can be.
        self._calls[-1 - self._count if call.index is None else call.index] = making
        self._count += 1
        self._last = making
        return making


class ChunkReader:
    """Reads the chunks of one stream, or one whole answer.

    Args:
        choices: How many answers were asked for.
        names: The tools' own names, by those that were sent in their place.
    """

    def __init__(self, choices: int, names: Mapping[str, str]) -> None:
        self._asked = choices
        self._names = names
        self._choices: dict[int, _ChoiceReader] = {}
        self._began = False

    def read(self, data: bytes) -> Iterator[Event]:
        """Yield what a chunk says, but for the ends of answers. Raises Malformed where it has another shape."""
        try:
            chunk = _decode(data)
        except msgspec.DecodeError as error:
            raise Malformed(f"not of its API ({error})") from error
        if not self._began:
            self._began = True
            yield Begin(_text(chunk.id), _text(chunk.model), _time(chunk.created))
        for place, choice in enumerate(chunk.choices or ()):
            index = place if choice.index is None else choice.index
            reader = self._choices.get(index)
            if reader is None:
                reader = self._choices[index] = _ChoiceReader(index, self._names)
            yield from reader.read(choice)

    def end(self) -> Iterator[Event]:
        """Yield the ends of all answers, once no more can come. Raises Malformed where nothing came before."""
        if not self._began:
            raise Malformed("missing: it is empty")
        for index in range(self._asked):
            self._choices.setdefault(index, _ChoiceReader(index, self._names))
        for index in sorted(self._choices):
            yield self._choices[index].end()


def _objects(found: object) -> list[dict[str, Any]]:
    """Return the objects of a list; nothing for what is no list."""
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _citations(annotations: object) -> list[dict[str, Any]]:
    found = (entry.get("url_citation") for entry in _objects(annotations))
    return [citation for citation in found if isinstance(citation, dict)]


def _signature(extra: object) -> str | None:
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) else None


def _hashable(reason: object) -> object:
    return reason if isinstance(reason, str) else None


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _time(found: object) -> int:
    return found if type(found) is int and 0 < found < _MAX_TIME else 0
