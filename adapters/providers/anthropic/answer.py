"""From a message of the Messages API to the form."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Block, Foreign, Text, Thinking, ToolCall
from sluicegate.pipeline.provider import UpstreamHead

from ..problem import problem_in, read_problem
from .errors import AnthropicErrors
from .tables import FINISHES
from .usage import UsageReader

_NOTHING = msgspec.Raw(b"{}")
_Citations = tuple[dict[str, Any], ...]


class _TextBlock(msgspec.Struct, tag="text"):
    text: str
    citations: _Citations | None = None


class _ThinkingBlock(msgspec.Struct, tag="thinking"):
    thinking: str
    signature: str | None = None


class _RedactedBlock(msgspec.Struct, tag="redacted_thinking"):
    data: str


class _CallBlock(msgspec.Struct, tag="tool_use"):
    id: str
    name: str
    input: msgspec.Raw = _NOTHING


_OurBlock = _TextBlock | _ThinkingBlock | _RedactedBlock | _CallBlock


class MessageHead(msgspec.Struct):
    """The top level of a whole answer. ``type`` and ``content`` are there in every one."""

    type: str
    content: list[msgspec.Raw]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: object = None


class _Kind(msgspec.Struct):
    type: str


_decode = msgspec.json.Decoder(MessageHead).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode_block = msgspec.json.Decoder(_OurBlock).decode
_decode_fields = msgspec.json.Decoder(dict[str, Any]).decode
_OURS = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_DAMAGED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_answer(errors: AnthropicErrors, head: UpstreamHead, body: bytes) -> Answer:
    """Return what a complete, successful answer says.

    Raises:
        GatewayError: It is none of this API's, or an error that came with a successful status.
    """
    message = read_message(errors, head, body)
    try:
        blocks = tuple(_block(raw) for raw in message.content)
    except msgspec.ValidationError as error:
        raise errors.nonsense(f"is not of its API ({error})") from error
    except _DAMAGED as error:
        raise errors.nonsense("is not valid JSON") from error
    ids = [block.id for block in blocks if isinstance(block, ToolCall)]
    if len(set(ids)) < len(ids):
        raise errors.nonsense("has two tool calls with one id")
    choice = Choice(blocks, finish=FINISHES.get(message.stop_reason or "", "stop"), stop_text=message.stop_sequence)
    usage = UsageReader().read(message.usage)
    return Answer(id=message.id, model=message.model, choices=(choice,), usage=usage)


def read_message(errors: AnthropicErrors, head: UpstreamHead, body: bytes) -> MessageHead:
    """Return the top level of a complete, successful answer. Raises GatewayError as `read_answer` does."""
    check_json(errors, head, body)
    try:
        message = _decode(body)
    except msgspec.ValidationError as error:
        raise_in_band(errors, body)
        raise errors.nonsense(f"is not of its API ({error})") from error
    except _DAMAGED as error:
        raise errors.nonsense("is not valid JSON") from error
    if message.type != "message":
        raise errors.nonsense(f"is of type {message.type[:40]!r}, not message")
    return message


def check_json(errors: AnthropicErrors, head: UpstreamHead, body: bytes) -> None:
    """Raise UpstreamError unless a body says that it is JSON, and is text at all."""
    media_type = head.media_type
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        said = read_problem(body).message if media_type.startswith("text/") else ""
        told = f"is {media_type[:80]}, not JSON"
        raise errors.nonsense(f"{told}: {said}" if said else told)
    if not body.strip():
        raise errors.nonsense("is empty")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise errors.nonsense("is not valid JSON") from error


def raise_in_band(errors: AnthropicErrors, body: bytes) -> None:
    """Raise the error that a body of another shape tells of, if it tells of one."""
    try:
        fields = _decode_fields(body)
    except _DAMAGED:
        return
    if fields.get("error"):
        raise errors.in_band(problem_in(fields))


def cited(citation: dict[str, Any]) -> dict[str, Any]:
    """Return where a text comes from, with a title where one is known under any name."""
    title = citation.get("title") or citation.get("document_title")
    return {**citation, "title": title} if title else citation


def _block(raw: msgspec.Raw) -> Block:
    if _decode_kind(raw).type not in _OURS:
        return Foreign("anthropic", _decode_fields(raw))
    block = _decode_block(raw)
    match block:
        case _TextBlock():
            return Text(block.text, citations=tuple(cited(citation) for citation in block.citations or ()))
        case _ThinkingBlock():
            return Thinking(block.thinking, signature=block.signature or None)
        case _RedactedBlock():
            return Thinking(redacted=block.data)
        case _:
            return _call(block)


def _call(block: _CallBlock) -> ToolCall:
    arguments = bytes(block.input).decode()
    if not arguments.startswith("{"):
        raise msgspec.ValidationError("the input of a tool_use block is no object")
    return ToolCall(block.id, block.name, arguments)
