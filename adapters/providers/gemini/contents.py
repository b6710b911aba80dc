"""The turns of a conversation as Gemini's ``contents``."""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import (
    Audio,
    Block,
    File,
    Foreign,
    Image,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

from .tables import SENTINEL, SOUNDS, Family

_Part = dict[str, Any]
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_VIDEO_HOSTS = frozenset({"youtube.com", "www.youtube.com", "youtu.be", "m.youtube.com"})
FIRST = {"role": "user", "parts": [{"text": " "}]}
"""Stands before a conversation that the model begins: the API wants the user to."""


class Contents:
    """Writes the turns of one chat.

    Args:
        family: Of the model that is asked.
        ids: Whether calls and their results carry ids. Without them it is their order that joins them.
        files_url: Where the ids of uploaded files lead to, or empty where there are none.
    """

    def __init__(self, chat: Chat, dropped: Dropped, *, family: Family, ids: bool, files_url: str = "") -> None:
        self._chat = chat
        self._dropped = dropped
        self._family = family
        self._ids = ids
        self._files_url = files_url
        # The name of each call, and where it stands among those of its turn.
        self._calls: dict[str, tuple[str, int]] = {}

    def system(self) -> _Part | None:
        """Return the instructions, those in the middle of the conversation too: there is one place for them."""
        turns = (block for turn in self._chat.turns if turn.role == "system" for block in turn.blocks)
        parts = []
        for block in (*self._chat.system, *turns):
            if isinstance(block, Text) and block.text:
                self._mark(block)
                parts.append({"text": block.text})
        return {"parts": parts} if parts else None

    def turns(self) -> list[_Part]:
        """Return the contents: neighbours of one role are one.

        Raises:
            InvalidRequest: A block is none that this provider can be given.
        """
        found: list[_Part] = []
        for role, blocks in self._merged():
            parts = self._model(blocks) if role == "model" else self._user(blocks)
            if parts:
                found.append({"role": role, "parts": parts})
        if not found or found[0]["role"] == "model":
            found.insert(0, FIRST)
        return found

    def _merged(self) -> list[tuple[str, list[Block]]]:
        """Return the turns as (role, blocks), neighbours of one role as one."""
        found: list[tuple[str, list[Block]]] = []
        for turn in self._chat.turns:
            if turn.role == "system":
                continue
            if turn.name:
                self._dropped.drop("name")
            role = "user" if turn.role == "user" else "model"
            if found and found[-1][0] == role:
                found[-1][1].extend(turn.blocks)
            else:
                found.append((role, list(turn.blocks)))
        return found

    def _model(self, blocks: list[Block]) -> list[_Part]:
        parts: list[_Part] = []
        calls = 0
        for block in blocks:
            self._mark(block)
            if isinstance(block, Text | Refusal):
                if block.text:
                    parts.append({"text": block.text})
            elif isinstance(block, ToolCall):
                parts.append(self._call(block, calls))
                calls += 1
            elif isinstance(block, Thinking):
                pass  # the signatures of calls are all that is wanted back
            else:
                parts += self._media(block)
        return parts

    def _call(self, call: ToolCall, place: int) -> _Part:
        try:
            arguments = _object(call.arguments)
        except (msgspec.DecodeError, RecursionError):
            told = f"the arguments of call {call.id[:80]!r} are no JSON object"
            raise InvalidRequest(told, param="tool_calls.function.arguments") from None
        self._calls[call.id] = (call.name, place)
        function: _Part = {"name": call.name, "args": arguments}
        if self._ids and call.id:
            function["id"] = call.id
        part: _Part = {"functionCall": function}
        if call.signature:
            part["thoughtSignature"] = call.signature
        elif self._family.signed and not place:  # only the first call of a turn is signed
            part["thoughtSignature"] = SENTINEL
        return part

    def _user(self, blocks: list[Block]) -> list[_Part]:
        results: list[tuple[int, _Part]] = []
        parts: list[_Part] = []
        for block in blocks:
            self._mark(block)
            if isinstance(block, ToolResult):
                results.append(self._result(block))
                for inner in block.blocks:
                    if not isinstance(inner, Text):
                        parts += self._media(inner)
            elif isinstance(block, Text | Refusal):
                if block.text:
                    parts.append({"text": block.text})
            else:
                parts += self._media(block)
        results.sort(key=lambda result: result[0])
        return [*(part for _, part in results), *parts]

    def _result(self, result: ToolResult) -> tuple[int, _Part]:
        """Return the place of the call, and its result."""
        name, place = self._calls.get(result.id, (result.name or "", len(self._calls)))
        if not name:
            raise InvalidRequest(f"the tool's result {result.id[:80]!r} answers no call before it", param="messages")
        text = "\n".join(block.text for block in result.blocks if isinstance(block, Text))
        response: _Part = {"name": name, "response": _response(text, failed=result.failed)}
        if self._ids and result.id:
            response["id"] = result.id
        return place, {"functionResponse": response}

    def _media(self, block: Block) -> list[_Part]:
        if isinstance(block, Image):
            if block.detail not in (None, "auto"):
                self._dropped.drop("detail")
            if block.data is not None:
                return [_inline(block.data, block.media_type or "image/jpeg")]
            return [_by_uri(block.url or "", block.media_type, "image/jpeg")]
        if isinstance(block, Audio):
            return [_inline(block.data, SOUNDS.get(block.format, f"audio/{block.format}"))]
        if isinstance(block, File):
            return [self._file(block)]
        if isinstance(block, Foreign):
            kind = block.value.get("type")
            raise self._dropped.unsupported(kind if isinstance(kind, str) else "such a block")
        raise self._dropped.unsupported("such a block")

    def _file(self, file: File) -> _Part:
        if file.data is not None:
            named = mimetypes.guess_type(file.name or "")[0]
            return _inline(file.data, file.media_type or named or "application/pdf")
        if file.text is not None:
            return {"text": file.text}
        if file.url is not None:
            return _by_uri(file.url, file.media_type, "application/pdf")
        id_ = file.file_id or ""
        if id_.startswith("files/") and self._files_url:
            return _by_uri(self._files_url + id_, file.media_type, "")
        if id_.startswith(("https://", "gs://")):
            return _by_uri(id_, file.media_type, "")
        raise self._dropped.unsupported("file_id")

    def _mark(self, block: Block) -> None:
        """Note a cache mark: what is asked again is found again by itself, without marks."""
        if getattr(block, "cache", None) is not None:
            self._dropped.drop("cache_control")


def _inline(data: str, media_type: str) -> _Part:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def _by_uri(uri: str, media_type: str, otherwise: str) -> _Part:
    """Return a part that the provider fetches. What it does not fetch it refuses itself."""
    parts = urlsplit(uri)
    guessed = media_type or mimetypes.guess_type(parts.path)[0] or otherwise
    if not guessed or (parts.hostname in _VIDEO_HOSTS and not media_type):
        return {"fileData": {"fileUri": uri}}
    return {"fileData": {"mimeType": guessed, "fileUri": uri}}


def _response(text: str, *, failed: bool) -> Any:
    """Return what a tool said as the object that the API wants: JSON as it is, anything else below a name."""
    if failed:
        return {"error": text}
    if text.lstrip()[:1] == "{":
        try:
            return _object(text)
        except (msgspec.DecodeError, RecursionError):
            pass
    return {"result": text}
