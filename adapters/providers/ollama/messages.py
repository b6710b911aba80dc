"""The turns of a conversation as Ollama's messages, whose content is one text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Block, File, Image, Refusal, Text, Thinking, ToolCall, ToolResult
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

Json = dict[str, Any]
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Messages:
    """Writes the turns of one chat."""

    def __init__(self, chat: Chat, dropped: Dropped) -> None:
        self._chat = chat
        self._dropped = dropped
        self._names: dict[str, str] = {}
        """Of the calls so far, by id."""

    def written(self) -> list[Json]:
        """Return the messages. Raises InvalidRequest for a block that this provider cannot be given."""
        found: list[Json] = []
        if self._chat.system:
            found.append(self._message("system", self._chat.system))
        for turn in self._chat.turns:
            if turn.name:
                self._dropped.drop("name")
            said = [block for block in turn.blocks if not isinstance(block, ToolResult)]
            found += [self._result(block) for block in turn.blocks if isinstance(block, ToolResult)]
            if said:
                found.append(self._message(turn.role, said))
        return found

    def _message(self, role: str, blocks: Iterable[Block]) -> Json:
        texts, thoughts, images, calls = [], [], [], []
        for block in blocks:
            self._mark(block)
            if isinstance(block, Text | Refusal):
                texts.append(block.text)
            elif isinstance(block, Thinking):
                thoughts.append(block.text)
            elif isinstance(block, ToolCall):
                calls.append(self._call(block))
            elif isinstance(block, Image):
                images.append(self._image(block))
            elif isinstance(block, File) and block.text is not None:
                texts.append(block.text)
            else:
                raise self._dropped.block(block)
        message: Json = {"role": role, "content": "\n".join(text for text in texts if text)}
        if thinking := "".join(thoughts):
            message["thinking"] = thinking
        if images:
            message["images"] = images
        if calls:
            message["tool_calls"] = calls
        return message

    def _call(self, call: ToolCall) -> Json:
        try:
            arguments = _object(call.arguments)
        except (msgspec.DecodeError, RecursionError):
            told = f"the arguments of call {call.id[:80]!r} are no JSON object"
            raise InvalidRequest(told, param="tool_calls.function.arguments") from None
        self._names[call.id] = call.name
        return {"id": call.id, "function": {"name": call.name, "arguments": arguments}}

    def _result(self, result: ToolResult) -> Json:
        self._mark(result)
        name = self._names.get(result.id) or result.name
        if not name:
            raise InvalidRequest(f"the tool's result {result.id[:80]!r} answers no call before it", param="messages")
        texts = []
        for block in result.blocks:
            if not isinstance(block, Text):
                raise self._dropped.block(block, "in a tool's result")
            texts.append(block.text)
        return {"role": "tool", "content": "\n".join(texts), "tool_name": name, "tool_call_id": result.id}

    def _image(self, image: Image) -> str:
        if image.data is None:
            raise self._dropped.unsupported("image_url", "image_url of another place: send the image itself")
        if image.detail not in (None, "auto"):
            self._dropped.drop("detail")
        return image.data

    def _mark(self, block: Block) -> None:
        """Note a cache mark: what is asked again is found again by itself, without marks."""
        if getattr(block, "cache", None) is not None:
            self._dropped.drop("cache_control")
