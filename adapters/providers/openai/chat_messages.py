"""Turns as messages of OpenAI's API.

Text alone is sent as a string, which every server takes: parts of one message are joined, with an empty line between
what people and programs wrote, and with nothing between what a model wrote. OpenAI itself is sent the parts.
"""

from __future__ import annotations

import mimetypes
from typing import Any

from sluicegate.pipeline.form.blocks import (
    Audio,
    Block,
    CacheMark,
    File,
    Foreign,
    Image,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

from .tool_names import short_name

DIALECT = "openai"
Json = dict[str, Any]


class MessageWriter:
    """Writes the messages of one chat.

    Args:
        chat: What is asked.
        dropped: Takes what cannot be told.
        itself: Whether OpenAI is asked, and not one of the servers that speak its API.
    """

    def __init__(self, chat: Chat, dropped: Dropped, *, itself: bool) -> None:
        self._chat = chat
        self._dropped = dropped
        self._itself = itself

    def messages(self) -> list[Json]:
        """Return the messages. Raises InvalidRequest for a block that cannot be told."""
        chat = self._chat
        messages: list[Json] = []
        if chat.system:
            messages.append({"role": "system", "content": self._content(chat.system)})
        for turn in chat.turns:
            if turn.role == "assistant":
                messages.append(self._assistant(turn))
            else:
                messages += self._asked(turn)
        if self._itself and chat.turns and chat.turns[-1].role == "assistant":
            self._dropped.drop("prefill")  # it begins a new answer, and does not go on with this one
        return messages

    def _asked(self, turn: Turn) -> list[Json]:
        """Return the messages of a turn that is not the model's: one for each result, then one for the rest."""
        messages: list[Json] = []
        rest: list[Block] = []
        for block in turn.blocks:
            if isinstance(block, ToolResult):
                messages.append(self._result(block, rest))
        rest += (block for block in turn.blocks if not isinstance(block, ToolResult))
        if rest or not messages:
            messages.append(_named({"role": turn.role, "content": self._content(rest)}, turn))
        return messages

    def _result(self, result: ToolResult, rest: list[Block]) -> Json:
        """Return the message of a result. What is no text goes to the user's message behind: results are text here."""
        if result.failed:
            self._dropped.drop("is_error")
        texts = [block for block in result.blocks if isinstance(block, Text)]
        others = [block for block in result.blocks if not isinstance(block, Text)]
        if others:
            rest.append(Text(f"What the call {result.id} gave:"))
            rest += others
        if result.cache is not None and texts and texts[-1].cache is None:
            texts[-1] = Text(texts[-1].text, result.cache)
        return {"role": "tool", "tool_call_id": result.id, "content": self._content(texts)}

    def _assistant(self, turn: Turn) -> Json:
        message: Json = {"role": "assistant", "content": None}
        said: list[str] = []
        calls: list[Json] = []
        thoughts: list[Thinking] = []
        refusals: list[str] = []
        for block in turn.blocks:
            match block:
                case Text():
                    said.append(block.text)
                case Refusal():
                    (refusals if self._itself else said).append(block.text)
                case Thinking():
                    thoughts.append(block)
                case ToolCall():
                    calls.append(self._call(block))
                case Foreign(value={"type": "audio", "audio": audio}) if block.dialect == DIALECT:
                    message["audio"] = audio
                case Foreign(value={"type": "custom"}) if block.dialect == DIALECT:
                    calls.append(block.value)
                case _:
                    raise self._dropped.unsupported("messages", f"{_kind(block)} of an assistant")
        if said or not (calls or refusals or "audio" in message):
            message["content"] = "".join(said)
        if refusals:
            message["refusal"] = "".join(refusals)
        if thoughts and not self._itself:
            _think(message, thoughts)
        if calls:
            message["tool_calls"] = calls
        return _named(message, turn)

    def _call(self, call: ToolCall) -> Json:
        told: Json = {
            "id": call.id,
            "type": "function",
            "function": {"name": short_name(call.name) if self._itself else call.name, "arguments": call.arguments},
        }
        if call.signature is not None and not self._itself:
            told["extra_content"] = {"google": {"thought_signature": call.signature}}
        return told

    def _content(self, blocks: tuple[Text, ...] | list[Text] | list[Block]) -> str | list[Json]:
        """Return what a message says, as plainly as it can be said."""
        texts = [block.text for block in blocks if isinstance(block, Text)]
        marked = any(getattr(block, "cache", None) is not None for block in blocks)
        if marked and not self._itself:
            self._dropped.drop("cache_control")
        if len(texts) == len(blocks) and (not self._itself or (len(texts) < 2 and not marked)):
            return "\n\n".join(texts)
        return [self._part(block) for block in blocks]

    def _part(self, block: Block) -> Json:
        part: Json
        match block:
            case Text():
                part = {"type": "text", "text": block.text}
            case Image():
                image = {"url": block.url or f"data:{block.media_type};base64,{block.data}"}
                if block.detail is not None:
                    image["detail"] = block.detail
                part = {"type": "image_url", "image_url": image}
            case Audio():
                part = {"type": "input_audio", "input_audio": {"data": block.data, "format": block.format}}
            case File():
                part = self._file(block)
            case Foreign(dialect="openai"):
                return block.value
            case _:
                raise self._dropped.unsupported("messages", _kind(block))
        if block.cache is not None and self._itself:
            part["prompt_cache_breakpoint"] = self._breakpoint(block.cache)
        return part

    def _breakpoint(self, mark: CacheMark) -> Json:
        """Return a mark; how long to keep it is said in OpenAI's own words or not at all."""
        own = mark.ttl is not None and self._chat.dialect == DIALECT
        return {"mode": "explicit", "ttl": mark.ttl} if own else {"mode": "explicit"}

    def _file(self, file: File) -> Json:
        if file.text is not None:
            return {"type": "text", "text": f"{file.name}:\n\n{file.text}" if file.name else file.text}
        if file.data is not None:
            name = file.name or f"file{mimetypes.guess_extension(file.media_type) or ''}"
            told = {"file_data": f"data:{file.media_type};base64,{file.data}", "filename": name}
            return {"type": "file", "file": told}
        if file.file_id is not None and self._chat.dialect == DIALECT:
            return {"type": "file", "file": {"file_id": file.file_id}}
        what = "file by an id of another API" if file.file_id is not None else "file by its URL"
        raise self._dropped.unsupported("messages", what)


def _think(message: Json, thoughts: list[Thinking]) -> None:
    """Put thoughts into a message, by the names that servers know which take them back."""
    text = "".join(thinking.text for thinking in thoughts)
    if text:
        message["reasoning_content"] = text
    blocks: list[Json] = []
    for thinking in thoughts:
        if thinking.redacted is not None:
            blocks.append({"type": "redacted_thinking", "data": thinking.redacted})
        elif thinking.signature is not None:
            blocks.append({"type": "thinking", "thinking": thinking.text, "signature": thinking.signature})
    if blocks:
        message["thinking_blocks"] = blocks


def _named(message: Json, turn: Turn) -> Json:
    if turn.name is not None:
        message["name"] = turn.name
    return message


def _kind(block: Block) -> str:
    """Return what a block is, in a caller's words."""
    kind = block.value.get("type") if isinstance(block, Foreign) else type(block).__name__.lower()
    return f"block of type {str(kind)[:64]!r}"
