"""OpenAI's messages as turns."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Block, File, Foreign, Image, Refusal, Text, Thinking, ToolResult, Turn
from sluicegate.pipeline.schemas import Message

from .calls import Calls
from .parts import NAME, read_content, read_mark, read_thinking

_INSTRUCTS = frozenset({"system", "developer"})
_MARKED = (Text, Image, File)


def read_turns(messages: list[Message], raws: list[dict[str, Any]]) -> tuple[tuple[Text, ...], tuple[Turn, ...]]:
    """Return the instructions that come before a conversation, and its turns.

    Results of tools that follow each other make one turn.

    Raises:
        InvalidRequest: A message means nothing in other dialects, or none at all; its path is named.
    """
    system: list[Text] = []
    turns: list[Turn] = []
    calls = Calls()
    results: list[Block] = []
    for index, (message, raw) in enumerate(zip(messages, raws, strict=True)):
        path = f"messages[{index}]"
        if message.role in ("tool", "function"):
            results.append(_result(path, message, raw, calls))
            continue
        if results:
            turns.append(Turn("user", tuple(results)))
            results = []
        if message.role == "assistant":
            turns.append(Turn("assistant", _assistant(path, message, raw, calls), message.name))
            continue
        blocks = _marked(read_content(f"{path}.content", message.content, raw.get("content")), raw)
        if message.role == "user":
            turns.append(Turn("user", tuple(blocks), message.name))
        elif turns:
            turns.append(Turn("system", tuple(blocks), message.name))
        else:
            system += _texts(path, blocks)
    if results:
        turns.append(Turn("user", tuple(results)))
    return tuple(system), tuple(turns)


def _texts(path: str, blocks: list[Block]) -> list[Text]:
    texts = [block for block in blocks if isinstance(block, Text)]
    if len(texts) < len(blocks):
        raise InvalidRequest(f"{path}.content: instructions are text alone", param=f"{path}.content")
    return texts


def _assistant(path: str, message: Message, raw: dict[str, Any], calls: Calls) -> tuple[Block, ...]:
    """Return what an assistant said: thoughts, then content, then calls, which is their order in an answer."""
    blocks: list[Block] = [*_thoughts(raw)]
    blocks += read_content(f"{path}.content", message.content, raw.get("content"))
    if message.refusal:
        blocks.append(Refusal(message.refusal))
    if message.audio is not None:
        blocks.append(Foreign(NAME, {"type": "audio", "audio": raw["audio"]}))
    blocks = _marked(blocks, raw)
    return (*blocks, *calls.read(path, message, raw))


def _thoughts(raw: dict[str, Any]) -> list[Thinking]:
    """Return the thoughts of a message: its blocks, which have signatures, or else their text alone."""
    found = raw.get("thinking_blocks")
    if isinstance(found, list):
        blocks = [block for entry in found if (block := read_thinking(entry)) is not None]
        if blocks:
            return blocks
    text = raw.get("reasoning_content") or raw.get("reasoning")
    return [Thinking(text)] if isinstance(text, str) and text else []


def _result(path: str, message: Message, raw: dict[str, Any], calls: Calls) -> ToolResult:
    """Return the result of a call. Raises InvalidRequest for content that is neither text, image nor file."""
    blocks: list[Text | Image | File] = []
    for block in read_content(f"{path}.content", message.content, raw.get("content")):
        if not isinstance(block, Text | Image | File):
            told = f"{path}.content: results of tools are text, images and files"
            raise InvalidRequest(told, param=f"{path}.content")
        blocks.append(block)
    if message.role == "function":
        name = message.name or ""
        return ToolResult(calls.id_of(f"{path}.name", name), tuple(blocks), name, cache=read_mark(raw))
    call_id = message.tool_call_id or ""
    return ToolResult(call_id, tuple(blocks), calls.name_of(call_id), cache=read_mark(raw))


def _marked(blocks: list[Block], raw: dict[str, Any]) -> list[Block]:
    """Return the blocks of a message, of which the last carries the mark that stands at the message itself."""
    mark = read_mark(raw)
    if mark is not None and blocks and isinstance(last := blocks[-1], _MARKED):
        blocks[-1] = msgspec.structs.replace(last, cache=mark)
    return blocks
