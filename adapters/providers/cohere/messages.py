"""The turns of a conversation as Cohere's messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sluicegate.pipeline.form.blocks import Block, File, Image, Refusal, Text, Thinking, ToolCall, ToolResult, Turn
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

Json = dict[str, Any]


class Messages:
    """Writes the turns of one chat."""

    def __init__(self, chat: Chat, dropped: Dropped) -> None:
        self._chat = chat
        self._dropped = dropped

    def written(self) -> list[Json]:
        """Return the messages. Raises InvalidRequest for a block that this provider cannot be given."""
        found: list[Json] = []
        if text := self._joined(self._chat.system):
            found.append({"role": "system", "content": text})
        for turn in self._chat.turns:
            if turn.name:
                self._dropped.drop("name")
            if turn.role == "assistant":
                found.append(self._assistant(turn))
                continue
            found += [self._result(block) for block in turn.blocks if isinstance(block, ToolResult)]
            said = [block for block in turn.blocks if not isinstance(block, ToolResult)]
            if said:
                found.append({"role": turn.role, "content": self._content(said)})
        return found

    def _assistant(self, turn: Turn) -> Json:
        """Return what the model said. Beside calls it is a plan: content is for turns that end with it."""
        parts: list[Json] = []
        calls: list[Json] = []
        for block in turn.blocks:
            self._mark(block)
            if isinstance(block, ToolCall):
                function = {"name": block.name, "arguments": block.arguments}
                calls.append({"id": block.id, "type": "function", "function": function})
            elif isinstance(block, Text | Refusal):
                if block.text:
                    parts.append({"type": "text", "text": block.text})
            elif isinstance(block, Thinking):
                if block.text:
                    parts.append({"type": "thinking", "thinking": block.text})
            else:
                raise self._dropped.block(block)
        if not calls:
            if not parts:
                return {"role": "assistant", "content": ""}
            plain = len(parts) == 1 and "text" in parts[0]
            return {"role": "assistant", "content": parts[0]["text"] if plain else parts}
        plan = "\n".join(part.get("text") or part["thinking"] for part in parts)
        return {"role": "assistant", "tool_calls": calls, **({"tool_plan": plan} if plan else {})}

    def _content(self, blocks: Sequence[Block]) -> str | list[Json]:
        if len(blocks) == 1 and isinstance(blocks[0], Text | Refusal):
            self._mark(blocks[0])
            return blocks[0].text
        return [self._part(block) for block in blocks]

    def _part(self, block: Block) -> Json:
        self._mark(block)
        if isinstance(block, Text | Refusal):
            return {"type": "text", "text": block.text}
        if isinstance(block, File) and block.text is not None:
            return {"type": "text", "text": block.text}
        if isinstance(block, Image):
            url = block.url or f"data:{block.media_type or 'image/jpeg'};base64,{block.data}"
            return {
                "type": "image_url",
                "image_url": {"url": url, **({"detail": block.detail} if block.detail else {})},
            }
        raise self._dropped.block(block)

    def _result(self, result: ToolResult) -> Json:
        self._mark(result)
        return {"role": "tool", "tool_call_id": result.id, "content": self._joined(result.blocks, "in a tool's result")}

    def _joined(self, blocks: tuple[Block, ...], where: str = "") -> str:
        texts = []
        for block in blocks:
            self._mark(block)
            if not isinstance(block, Text):
                raise self._dropped.block(block, where)
            texts.append(block.text)
        return "\n".join(texts)

    def _mark(self, block: Block) -> None:
        """Note a cache mark: this API has none."""
        if getattr(block, "cache", None) is not None:
            self._dropped.drop("cache_control")
