"""From the contents of a request to turns of the form."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import (
    Audio,
    Block,
    File,
    Foreign,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from sluicegate.pipeline.schemas.decode import decode_whole
from sluicegate.pipeline.schemas.generate import Blob, CallResponse, FileData, GeminiPart

from .sealed import unsealed

SOUNDS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "l16": "pcm16", "pcm": "pcm16", "mp4": "m4a"}
"""Names of audio formats that differ from the second half of their media types."""
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class SpelledCall(msgspec.Struct):
    """A call whose arguments stay as the model wrote them."""

    name: str = ""
    args: msgspec.Raw = msgspec.Raw(b"{}")
    id: str | None = None


class SpelledResponse(msgspec.Struct):
    """A response that stays as the program wrote it."""

    response: msgspec.Raw = msgspec.Raw(b"{}")


class Spelled(msgspec.Struct, rename="camel"):
    """A part with what has to keep its spelling."""

    function_call: SpelledCall | None = None
    function_response: SpelledResponse | None = None


_PART = msgspec.json.Decoder(GeminiPart)
_SPELLED = msgspec.json.Decoder(Spelled)
_ANYTHING = msgspec.json.Decoder(dict[str, Any])


class Reader:
    """Reads the contents of one request.

    Calls without ids get some that no other has; a result without one is of the first call of its function that has
    none yet.
    """

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = taken
        self._made = 0
        self._open: dict[str, deque[str]] = {}

    def turns(self, contents: list[tuple[str, list[msgspec.Raw]]]) -> tuple[Turn, ...]:
        """Return the turns. Contents of the model that follow each other are one: a stream leaves one for each piece.

        Raises:
            InvalidRequest: A part has no place in the form.
        """
        found: list[Turn] = []
        for index, (said_by, parts) in enumerate(contents):
            role: Literal["user", "assistant"] = "assistant" if said_by == "model" else "user"
            blocks: list[Block] = []
            for place, raw in enumerate(parts):
                blocks += self._part(f"contents[{index}].parts[{place}]", raw, role)
            if role == "user":
                blocks.sort(key=lambda block: not isinstance(block, ToolResult))  # results come first
            elif found and found[-1].role == role:
                found[-1] = Turn(role, tuple(_joined([*found[-1].blocks, *blocks])))
                continue
            else:
                blocks = _joined(blocks)
            found.append(Turn(role, tuple(blocks)))
        return tuple(found)

    def _part(self, path: str, raw: msgspec.Raw, role: str) -> Iterator[Block]:
        part = _PART.decode(raw)
        kind, signature = unsealed(part.thought_signature) if part.thought_signature else (None, None)
        if part.function_call is not None:
            call = _SPELLED.decode(raw).function_call
            assert call is not None
            args = bytes(call.args).decode()
            yield ToolCall(self._begun(call), call.name, "{}" if args == "null" else args, signature)
        elif part.function_response is not None:
            spelled = _SPELLED.decode(raw).function_response
            assert spelled is not None
            yield self._result(path, part.function_response, bytes(spelled.response))
        elif part.thought and role == "assistant":
            if kind == "redacted":
                yield Thinking(redacted=signature)
            elif part.text or signature:
                yield Thinking(part.text or "", signature)
        elif part.inline_data is not None:
            yield _inline(part.inline_data)
        elif part.file_data is not None:
            yield _by_uri(part.file_data)
        elif part.text is not None:
            yield Text(part.text)
        else:
            yield Foreign("gemini", decode_whole(raw, _ANYTHING))

    def _begun(self, call: SpelledCall) -> str:
        """Return the id of a call, which is open until its result comes."""
        if call.id:
            return call.id
        self._made += 1
        while (made := f"call_{self._made}") in self._taken:
            self._made += 1
        self._open.setdefault(call.name, deque()).append(made)
        return made

    def _result(self, path: str, response: CallResponse, raw: bytes) -> ToolResult:
        id_ = response.id or ""
        if not id_:
            waiting = self._open.get(response.name)
            if not waiting:
                where = f"{path}.functionResponse"
                raise InvalidRequest(f"{where}: it answers no call before it that has no result yet", param=where)
            id_ = waiting.popleft()
        text, failed = _said(raw)
        blocks: list[Text | Image | File] = [Text(text)] if text else []
        for part in response.parts or ():
            data = _inline(part.inline_data) if part.inline_data is not None else None
            data = _by_uri(part.file_data) if part.file_data is not None else data
            if not isinstance(data, Image | File):
                where = f"{path}.functionResponse.parts"
                raise InvalidRequest(
                    f"{where}: only Gemini's own models take such a part", param=where, code="unsupported_parameter"
                )
            blocks.append(data)
        return ToolResult(id_, tuple(blocks), response.name, failed)


def _joined(blocks: list[Block]) -> list[Block]:
    """Return the blocks of the model with the pieces of one text, or one thought, together."""
    found: list[Block] = []
    for block in blocks:
        last = found[-1] if found else None
        if isinstance(block, Text) and isinstance(last, Text):
            found[-1] = Text(last.text + block.text)
        elif isinstance(block, Thinking) and isinstance(last, Thinking) and _goes_on(last, block):
            found[-1] = Thinking(last.text + block.text, block.signature)
        else:
            found.append(block)
    return found


def _goes_on(last: Thinking, block: Thinking) -> bool:
    return last.signature is None and last.redacted is None and block.redacted is None


def _said(raw: bytes) -> tuple[str, bool]:
    """Return what a function gave as text, and whether it failed.

    By Google's convention ``output`` or ``result`` holds it where it was no object, and ``error`` what went wrong.
    """
    if raw == b"null":
        return "{}", False
    fields = _object(raw)
    if len(fields) == 1:
        ((name, value),) = fields.items()
        text = bytes(value)
        if name in ("output", "result", "error"):
            plain = msgspec.json.decode(text) if text[:1] == b'"' else None
            return plain if isinstance(plain, str) else text.decode(), name == "error"
    return raw.decode(), False


def _inline(blob: Blob) -> Image | Audio | File:
    kind, _, rest = blob.mime_type.lower().partition("/")
    if kind == "image":
        return Image(data=blob.data, media_type=blob.mime_type)
    if kind == "audio":
        short = rest.partition(";")[0].strip()
        return Audio(blob.data, SOUNDS.get(short, short))
    return File(data=blob.data, media_type=blob.mime_type, name=blob.display_name)


def _by_uri(data: FileData) -> Image | File:
    media_type = data.mime_type or ""
    if not data.file_uri.startswith(("https://", "http://")):
        return File(file_id=data.file_uri, media_type=media_type, name=data.display_name)
    if media_type.startswith("image/"):
        return Image(url=data.file_uri, media_type=media_type)
    return File(url=data.file_uri, media_type=media_type, name=data.display_name)
