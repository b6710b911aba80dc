"""From the events of a stream to what they make up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .answer import Answer, Choice
from .blocks import Block, Refusal, Text, Thinking, ToolCall
from .events import Begin, CallBegin, CallPart, Cited, Count, End, Event, RefusalPart, TextPart, ThinkingPart


class _Gathered:
    """One choice so far. ``calls`` are the blocks of its calls by slot, whose arguments come later."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.calls: dict[int, int] = {}
        self.logprobs: dict[str, Any] | None = None
        self.end = End()

    def text(self, event: TextPart) -> None:
        """Add text to the text before it, unless that has citations: they are of that text alone."""
        self.logprobs = _joined(self.logprobs, event.logprobs)
        last = self.blocks[-1] if self.blocks else None
        if isinstance(last, Text) and not last.citations:
            self.blocks[-1] = Text(last.text + event.text)
        elif event.text:
            self.blocks.append(Text(event.text))

    def cited(self, event: Cited) -> None:
        """Add a citation to the text before it; where there is none it cites nothing."""
        last = self.blocks[-1] if self.blocks else None
        if isinstance(last, Text):
            self.blocks[-1] = Text(last.text, citations=(*last.citations, event.citation))

    def thinking(self, event: ThinkingPart) -> None:
        """Add to the thought before it, unless that is signed or cannot be read."""
        if event.text or event.signature is not None:
            last = self.blocks[-1] if self.blocks else None
            if isinstance(last, Thinking) and last.signature is None and last.redacted is None:
                self.blocks[-1] = Thinking(last.text + event.text, event.signature)
            else:
                self.blocks.append(Thinking(event.text, event.signature))
        if event.redacted is not None:
            self.blocks.append(Thinking(redacted=event.redacted))

    def refusal(self, event: RefusalPart) -> None:
        """Add to the refusal before it."""
        last = self.blocks[-1] if self.blocks else None
        if isinstance(last, Refusal):
            self.blocks[-1] = Refusal(last.text + event.text)
        else:
            self.blocks.append(Refusal(event.text))

    def call(self, event: CallBegin) -> None:
        """Begin a call."""
        self.calls[event.slot] = len(self.blocks)
        self.blocks.append(ToolCall(event.id, event.name, "", event.signature))

    def arguments(self, event: CallPart) -> None:
        """Add to the arguments of a call."""
        place = self.calls[event.slot]
        call = self.blocks[place]
        if isinstance(call, ToolCall):
            self.blocks[place] = ToolCall(call.id, call.name, call.arguments + event.text, call.signature)

    def choice(self, index: int) -> Choice:
        """Return the choice as a whole."""
        blocks = tuple(
            ToolCall(block.id, block.name, "{}", block.signature)
            if isinstance(block, ToolCall) and not block.arguments
            else block
            for block in self.blocks
        )
        return Choice(blocks, self.end.finish, index, self.end.stop_text, self.logprobs)


def gather(events: Iterable[Event]) -> Answer:
    """Return the whole answer that the events of a stream tell."""
    begin = Begin()
    usage = None
    choices: dict[int, _Gathered] = {}
    for event in events:
        if isinstance(event, Begin):
            begin, usage = event, event.usage
            continue
        if isinstance(event, Count):
            usage = event.usage
            continue
        choice = choices.setdefault(event.choice, _Gathered())
        match event:
            case TextPart():
                choice.text(event)
            case Cited():
                choice.cited(event)
            case ThinkingPart():
                choice.thinking(event)
            case RefusalPart():
                choice.refusal(event)
            case CallBegin():
                choice.call(event)
            case CallPart():
                choice.arguments(event)
            case End():
                choice.end = event
    told = tuple(choices[index].choice(index) for index in sorted(choices))
    return Answer(id=begin.id, model=begin.model, created=begin.created, choices=told, usage=usage)


def _joined(before: dict[str, Any] | None, more: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the log probabilities of two pieces of text as those of one."""
    if before is None or more is None:
        return more if before is None else before
    joined = {**before, **more}
    for name, value in before.items():
        if isinstance(value, list) and isinstance(further := more.get(name), list):
            joined[name] = value + further
    return joined
