"""Blocks of a conversation, as the Messages API has them."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
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
)
from sluicegate.pipeline.form.sides import Dropped

from .tables import IMAGE_TYPES, MAX_MARKS, TTLS

Fields = dict[str, Any]
_ID = re.compile(r"[A-Za-z0-9_-]+")
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class BlockWriter:
    """Writes the blocks of one request.

    Args:
        dropped: Takes the names of what is left out.
        dialect: Whose request it is; foreign blocks are sent on in Anthropic's own only.
        fetches: Whether the platform fetches images and documents by their URLs.

    Attributes:
        dropped: The same.
        needs_files: Whether a block names a file that was uploaded before.
    """

    def __init__(self, dropped: Dropped, *, dialect: str, fetches: bool) -> None:
        self.dropped = dropped
        self._native = dialect == "anthropic"
        self._fetches = fetches
        self._marked: list[Fields] = []
        self.needs_files = False

    def write(self, block: Block, role: str) -> Fields | None:
        """Return a block as the API has it, or None where it has none for it that would say anything.

        Raises:
            InvalidRequest: It cannot be told, and means too much to be left out.
        """
        match block:
            case Text():
                return self.text(block, role)
            case ToolCall():
                return self.marked(_call(block), block.cache)
            case ToolResult():
                return self.marked(self._result(block), block.cache)
            case Thinking():
                return _thinking(block)
            case Refusal():
                return self.text(Text(block.text), role)
            case Foreign() if block.dialect == "anthropic" and self._native:
                return block.value
            case Foreign():
                raise self.dropped.unsupported(f"messages.content of type {block.value.get('type')!r}")
            case Image():
                return self.marked(self._image(block), block.cache)
            case File():
                return self.marked(self._file(block), block.cache)
            case Audio():
                raise self.dropped.unsupported("input_audio")

    def text(self, block: Text, role: str = "user") -> Fields | None:
        """Return a block of text, or None for a blank one, which the API refuses."""
        if not block.text.strip():
            return None
        fields: Fields = {"type": "text", "text": block.text}
        # They come with answers; in what a user says they are refused, and in another dialect's words they are unknown.
        if block.citations and role == "assistant" and self._native:
            fields["citations"] = list(block.citations)
        return self.marked(fields, block.cache)

    def marked(self, fields: Fields, mark: CacheMark | None) -> Fields:
        """Return the fields, asking to keep the prompt up to them where they are marked."""
        if mark is not None:
            control = {"type": "ephemeral"}
            if mark.ttl in TTLS:
                control["ttl"] = mark.ttl
            elif mark.ttl is not None:
                self.dropped.drop("cache_control.ttl")
            fields["cache_control"] = control
            self._marked.append(fields)
        return fields

    def thin_marks(self) -> None:
        """Take out the first marks of those that are too many: the last ones keep the most."""
        if len(self._marked) > MAX_MARKS:
            self.dropped.drop("cache_control")
            for fields in self._marked[:-MAX_MARKS]:
                del fields["cache_control"]

    def _image(self, block: Image) -> Fields:
        if block.detail not in (None, "auto"):
            self.dropped.drop("image_url.detail")
        if block.data is None:
            return {"type": "image", "source": self._by_url(block.url or "", "image_url.url")}
        media_type = block.media_type.lower()
        if media_type == "image/jpg":
            media_type = "image/jpeg"
        if media_type not in IMAGE_TYPES:
            raise self.dropped.unsupported(f"image of type {block.media_type!r}")
        return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": block.data}}

    def _file(self, block: File) -> Fields:
        fields: Fields = {"type": "document", "source": self._source(block)}
        if block.name:
            fields["title"] = block.name
        return fields

    def _source(self, block: File) -> Fields:
        if block.file_id is not None:
            self.needs_files = True
            return {"type": "file", "file_id": block.file_id}
        if block.url is not None:
            return self._by_url(block.url, "file.url")
        if block.text is not None:
            return {"type": "text", "media_type": "text/plain", "data": block.text}
        media_type = block.media_type.partition(";")[0].strip().lower() or "application/pdf"
        if media_type == "application/pdf":
            return {"type": "base64", "media_type": media_type, "data": block.data or ""}
        if media_type.startswith("text/") or media_type == "application/json":
            return {"type": "text", "media_type": "text/plain", "data": _as_text(block.data or "")}
        raise self.dropped.unsupported(f"file of type {block.media_type!r}")

    def _by_url(self, url: str, name: str) -> Fields:
        if not self._fetches or not url.lower().startswith(("https://", "http://")):
            raise self.dropped.unsupported(name)
        return {"type": "url", "url": url}

    def _result(self, block: ToolResult) -> Fields:
        fields: Fields = {"type": "tool_result", "tool_use_id": wire_id(block.id)}
        content = [written for inner in block.blocks if (written := self.write(inner, "user")) is not None]
        if len(content) == 1 and content[0].keys() == {"type", "text"}:
            fields["content"] = content[0]["text"]
        elif content:
            fields["content"] = content
        if block.failed:
            fields["is_error"] = True
        return fields


def wire_id(name: str) -> str:
    """Return the id of a call as the API takes it. Other providers' ids may have characters that it refuses."""
    if _ID.fullmatch(name):
        return name
    # What the replaced characters told apart, the checksum does.
    return f"{re.sub('[^A-Za-z0-9_-]', '_', name)}_{zlib.crc32(name.encode('utf-8', 'surrogatepass')):08x}"


def _call(block: ToolCall) -> Fields:
    text = block.arguments.strip() or "{}"
    try:
        _decode_object(text)
    except (msgspec.DecodeError, RecursionError) as error:
        told = f"the arguments of tool call {block.id!r} are no JSON object"
        raise InvalidRequest(told, param="messages") from error
    return {"type": "tool_use", "id": wire_id(block.id), "name": block.name, "input": msgspec.Raw(text.encode())}


def _thinking(block: Thinking) -> Fields | None:
    """Return what was thought, with its proof; without one the API refuses it."""
    if block.redacted is not None:
        return {"type": "redacted_thinking", "data": block.redacted}
    if block.signature is None:
        return None
    return {"type": "thinking", "thinking": block.text, "signature": block.signature}


def _as_text(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidRequest("a file of text is no UTF-8 in base64", param="messages") from error
