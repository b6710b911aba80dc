"""From the items of a conversation to turns."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import (
    Block,
    File,
    Image,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from sluicegate.pipeline.schemas.responses import ResponseItem, ResponsePart

from ..openai.parts import split_data_url
from .sealed import unsealed

_SIDES: dict[str | None, Role] = {"user": "user", "assistant": "assistant"}
_parts = msgspec.json.Decoder(list[ResponsePart]).decode


def unsupported(path: str, what: str) -> InvalidRequest:
    """Return the error for what only OpenAI's own API has."""
    told = f"{path}: {what} can be told only to a provider that has /v1/responses itself"
    return InvalidRequest(told, param=path, code="unsupported_parameter")


class Conversed:
    """Gathers turns, item by item.

    Attributes:
        system: What was said before the conversation.
    """

    def __init__(self) -> None:
        self.system: list[Text] = []
        self._turns: list[tuple[Role, list[Block]]] = []
        self._names: dict[str, str] = {}
        self._signature: str | None = None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns so far."""
        return tuple(Turn(role, tuple(blocks)) for role, blocks in self._turns)

    def add(self, path: str, item: ResponseItem) -> None:
        """Take an item. Raises InvalidRequest for one that has no place in the form."""
        kind = item.type or "message"
        if kind == "message":
            self._message(path, item)
        elif kind == "function_call":
            name = self._names[item.call_id or ""] = item.name or ""
            call = ToolCall(item.call_id or "", name, str(item.arguments or "{}"), self._signature)
            self._signature = None
            self._said("assistant").append(call)
        elif kind == "function_call_output":
            self._result(path, item)
        elif kind == "reasoning":
            self._reasoning(item)
        elif kind == "item_reference":
            told = f"{path}: an item cannot be referred to by its id here; send the item itself"
            raise InvalidRequest(told, param=path, code="unsupported_parameter")
        else:
            raise unsupported(f"{path}.type", f"an item of type {kind[:64]!r}")

    def _said(self, role: Role) -> list[Block]:
        """Return the blocks of the turn that goes on: an assistant's, or a new one."""
        if role != "assistant" or not self._turns or self._turns[-1][0] != role:
            self._turns.append((role, []))
        return self._turns[-1][1]

    def _message(self, path: str, item: ResponseItem) -> None:
        content = item.content or ""
        blocks = [Text(content)] if isinstance(content, str) else list(_blocks(f"{path}.content", content))
        blocks = [block for block in blocks if not (isinstance(block, Text) and not block.text)]
        if item.role in _SIDES:
            self._said(_SIDES[item.role]).extend(blocks)
            return
        texts = [block for block in blocks if isinstance(block, Text)]
        if self._turns:
            self._said("system").extend(texts)
        else:
            self.system += texts

    def _result(self, path: str, item: ResponseItem) -> None:
        output = item.output
        if isinstance(output, str):
            said: tuple[Any, ...] = (Text(output),)
        else:
            try:
                parts = _parts(msgspec.json.encode(output))
            except msgspec.ValidationError as error:
                raise InvalidRequest(f"{path}.output: {error}", param=f"{path}.output") from error
            said = tuple(_blocks(f"{path}.output", parts))
        call = item.call_id or ""
        result = ToolResult(call, said, self._names.get(call))
        last = self._turns[-1] if self._turns else None
        if last is not None and last[0] == "user" and all(isinstance(block, ToolResult) for block in last[1]):
            last[1].append(result)
        else:
            self._said("user").append(result)

    def _reasoning(self, item: ResponseItem) -> None:
        parts = item.content if isinstance(item.content, list) and item.content else item.summary or []
        text = "".join(part.text or "" for part in parts)
        found = unsealed(item.encrypted_content)
        if found is not None and found[0] == "call":
            self._signature = found[1]
        elif found is not None and found[0] == "redacted":
            self._said("assistant").append(Thinking(redacted=found[1]))
        elif text or found is not None:
            self._said("assistant").append(Thinking(text, found[1] if found is not None else None))


def _blocks(path: str, parts: Iterable[ResponsePart]) -> Iterable[Text | Image | File | Refusal]:
    for index, part in enumerate(parts):
        where = f"{path}[{index}]"
        if part.type in ("input_text", "output_text", "text"):
            yield Text(part.text or "", citations=tuple(part.annotations or ()))
        elif part.type == "refusal":
            yield Refusal(part.refusal or "")
        elif part.type == "input_image" and part.image_url is not None:
            yield _image(where, part.image_url, part.detail)
        elif part.type == "input_file":
            yield _file(where, part)
        else:
            raise unsupported(where, f"a part of type {part.type[:64]!r} such as this")


def _image(path: str, url: str, detail: str | None) -> Image:
    if url[:5].lower() != "data:":
        return Image(url=url, detail=detail)
    media_type, data = split_data_url(f"{path}.image_url", url)
    return Image(data=data, media_type=media_type, detail=detail)


def _file(path: str, part: ResponsePart) -> File:
    data = part.file_data
    if data is None:
        if part.file_url is None:
            raise unsupported(f"{path}.file_id", "a file by its id")
        return File(url=part.file_url, media_type=_guessed(part.file_url), name=part.filename)
    if data[:5].lower() == "data:":
        media_type, data = split_data_url(f"{path}.file_data", data)
    else:
        media_type = _guessed(part.filename)
    return File(data=data, media_type=media_type, name=part.filename)


def _guessed(name: str | None) -> str:
    return mimetypes.guess_type(name or "")[0] or "application/pdf"
