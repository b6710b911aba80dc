"""From the events of a streamed message to those of the form."""

from __future__ import annotations

from sluicegate.pipeline.form.answer import Finish
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    Event,
    TextPart,
    ThinkingPart,
)

from .answer import cited
from .errors import AnthropicErrors
from .frames import Block, Delta, Frame, MessageStream
from .tables import FINISHES


class MessageEvents(MessageStream[Event]):
    """Reads one streamed message. See `MessageStream` for its arguments.

    Calls are counted among themselves, while the API counts all blocks.
    """

    def __init__(self, provider: str, errors: AnthropicErrors) -> None:
        super().__init__(provider, errors)
        self._slots: dict[int, int] = {}
        self._ids: set[str] = set()
        self._ended = False

    def _take(self, frame: Frame, payload: bytes, items: list[Event]) -> None:
        match frame.type:
            case "content_block_delta" if frame.delta is not None:
                self._more(frame.index, frame.delta, items)
            case "content_block_start" if frame.content_block is not None:
                self._block(frame.index, frame.content_block, items)
            case "message_start" if frame.message is not None:
                begun = frame.message
                items.append(Begin(begun.id, begun.model, usage=self._counts.read(begun.usage)))
            case "message_delta" if frame.delta is not None:
                if frame.usage is not None and (usage := self._counts.read(frame.usage)) is not None:
                    items.append(Count(usage))
                if frame.delta.stop_reason is not None:
                    finish: Finish = FINISHES.get(frame.delta.stop_reason, "stop")
                    items.append(End(finish, stop_text=frame.delta.stop_sequence))
                    self._ended = True
            case "message_stop" if not self._ended:
                items.append(End())

    def _block(self, index: int, block: Block, items: list[Event]) -> None:
        match block.type:
            case "tool_use":
                if not block.id or block.id in self._ids:
                    raise self._errors.nonsense("has two tool calls with one id, or one without")
                self._ids.add(block.id)
                slot = self._slots[index] = len(self._slots)
                items.append(CallBegin(slot, block.id, block.name))
                if bytes(block.input).strip() not in (b"{}", b"null"):
                    items.append(CallPart(slot, bytes(block.input).decode()))
            case "text" if block.text:
                items.append(TextPart(block.text))
            case "thinking" if block.thinking:
                items.append(ThinkingPart(block.thinking))
            case "redacted_thinking":
                items.append(ThinkingPart(redacted=block.data))

    def _more(self, index: int, delta: Delta, items: list[Event]) -> None:
        match delta.type:
            case "text_delta" if delta.text:
                items.append(TextPart(delta.text))
            case "thinking_delta" if delta.thinking:
                items.append(ThinkingPart(delta.thinking))
            case "signature_delta" if delta.signature:
                items.append(ThinkingPart(signature=delta.signature))
            case "input_json_delta" if delta.partial_json and index in self._slots:
                items.append(CallPart(self._slots[index], delta.partial_json))
            case "citations_delta" if delta.citation is not None:
                items.append(Cited(cited(delta.citation)))
