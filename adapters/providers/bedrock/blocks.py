"""The blocks of a conversation, as Converse has them."""

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

from ..openai.tool_names import short_name
from .tables import DOCUMENT_FORMATS, DOCUMENTS, IMAGES, MAX_MARKS, SOUNDS, TTLS, Family

Fields = dict[str, Any]
EMPTY = "(empty)"
"""The result of a tool that said nothing: the API refuses one without a text."""
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9 ()\[\]-]+")
_MAX_NAME = 200
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class BlockWriter:
    """Writes the blocks of one request.

    Args:
        dropped: Takes the names of what is left out.
        family: Of the model that is asked.
    """

    def __init__(self, dropped: Dropped, family: Family) -> None:
        self.dropped = dropped
        self._family = family
        self._names: set[str] = set()
        self._marked: list[tuple[list[Fields], Fields]] = []

    def add(self, block: Block, content: list[Fields]) -> None:
        """Add to a content what a block says there, and the mark behind it.

        Raises:
            InvalidRequest: It cannot be told, and means too much to be left out.
        """
        fields = self._written(block)
        if fields is not None:
            content.append(fields)
            self.mark(getattr(block, "cache", None), content)

    def mark(self, mark: CacheMark | None, content: list[Fields], *, tools: bool = False) -> None:
        """Ask to keep the prompt up to the end of a content, where it is marked.

        Args:
            tools: Whether it is an offer of tools.
        """
        if mark is None:
            return
        if self._family.marks != "all" and (tools or not self._family.marks):
            self.dropped.drop("cache_control")
            return
        if mark.ttl not in TTLS:
            self.dropped.drop("cache_control.ttl")
        ttl = TTLS.get(mark.ttl)
        point: Fields = {"cachePoint": {"type": "default", **({"ttl": ttl} if ttl else {})}}
        content.append(point)
        self._marked.append((content, point))

    def thin_marks(self) -> None:
        """Take out the first marks of those that are too many: the last ones keep the most."""
        for content, point in self._marked[:-MAX_MARKS]:
            self.dropped.drop("cache_control")
            place = next(index for index, fields in enumerate(content) if fields is point)
            del content[place]

    def _written(self, block: Block) -> Fields | None:
        match block:
            case Text() | Refusal():
                # Blank texts are refused.
                return {"text": block.text} if block.text.strip() else None
            case ToolCall():
                return {
                    "toolUse": {"toolUseId": wire_id(block.id), "name": short_name(block.name), "input": _input(block)}
                }
            case ToolResult():
                return {"toolResult": self._result(block)}
            case Thinking():
                return self._thinking(block)
            case Image():
                return {"image": self._image(block)}
            case File():
                return {"document": self._document(block)}
            case Audio():
                if block.format not in SOUNDS:
                    raise self.dropped.unsupported("input_audio", f"sound of format {block.format[:40]!r}")
                return {"audio": {"format": SOUNDS[block.format], "source": {"bytes": checked(block.data)}}}
            case Foreign():
                raise self.dropped.unsupported("messages", f"content of type {block.value.get('type')!r}")

    def _thinking(self, block: Thinking) -> Fields | None:
        """Return what was thought, with its proof. Without one nobody takes it back."""
        if not self._family.recalls:
            return None
        if block.redacted is not None:
            # What is no base64 is of another provider's making.
            return {"reasoningContent": {"redactedContent": block.redacted}} if is_base64(block.redacted) else None
        if block.signature is None:
            return None
        return {"reasoningContent": {"reasoningText": {"text": block.text, "signature": block.signature}}}

    def _image(self, block: Image) -> Fields:
        if block.detail not in (None, "auto"):
            self.dropped.drop("image_url.detail")
        if block.data is None:
            form = IMAGES.get(f"image/{_extension(block.url or '')}".replace("/jpg", "/jpeg"))
            if form is None or not _is_s3(block.url):
                raise self.dropped.unsupported("image_url.url")
            return {"format": form, "source": {"s3Location": {"uri": block.url}}}
        form = IMAGES.get(block.media_type.partition(";")[0].strip().lower())
        if form is None:
            raise self.dropped.unsupported("image_url", f"image of type {block.media_type[:40]!r}")
        return {"format": form, "source": {"bytes": checked(block.data)}}

    def _document(self, block: File) -> Fields:
        if block.file_id is not None:
            raise self.dropped.unsupported("file.file_id")
        if block.url is not None and not _is_s3(block.url):
            raise self.dropped.unsupported("file.url")
        form = self._format(block)
        source: Fields = {"s3Location": {"uri": block.url}}
        if block.url is None:
            data = block.data if block.text is None else base64.b64encode(block.text.encode()).decode("ascii")
            source = {"bytes": checked(data or "")}
        return {"format": form, "name": self._name(block.name), "source": source}

    def _format(self, block: File) -> str:
        media_type = block.media_type.partition(";")[0].strip().lower()
        known = DOCUMENTS.get(media_type)
        if known is None:
            extension = _extension(block.name or block.url or "")
            known = extension if extension in DOCUMENT_FORMATS else None
        if known is None and (block.text is not None or media_type.startswith("text/")):
            known = "txt"
        if known is None and media_type:
            raise self.dropped.unsupported("file", f"file of type {block.media_type[:80]!r}")
        return known or "pdf"

    def _name(self, given: str | None) -> str:
        """Return a name of a document as the API takes it; no two documents have one name."""
        stem = given.rpartition(".")[0] or given if given else ""
        clean = " ".join(_NOT_IN_A_NAME.sub(" ", stem).split())[: _MAX_NAME - 10] or "document"
        name, number = clean, 1
        while name in self._names:
            number += 1
            name = f"{clean} {number}"
        self._names.add(name)
        return name

    def _result(self, block: ToolResult) -> Fields:
        content: list[Fields] = []
        for inner in block.blocks:
            # A mark inside of a result has no place there; the result's own has.
            if (written := self._written(inner)) is not None:
                content.append(written)
        fields: Fields = {"toolUseId": wire_id(block.id), "content": content or [{"text": EMPTY}]}
        if block.failed and self._family.status:
            fields["status"] = "error"
        elif block.failed:
            self.dropped.drop("messages.is_error")
        return fields


def wire_id(name: str) -> str:
    """Return the id of a call as the API takes it. Other providers' ids may have characters that it refuses."""
    if _ID.fullmatch(name):
        return name
    # What the replaced characters told apart, the checksum does.
    crc = zlib.crc32(name.encode("utf-8", "surrogatepass"))
    return f"{re.sub('[^A-Za-z0-9_.:-]', '_', name)[:55]}_{crc:08x}"


def is_base64(data: str) -> bool:
    """Say whether a text is bytes in base64."""
    try:
        return bool(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False


def checked(data: str) -> str:
    """Return bytes in base64 as they are. Raises InvalidRequest where they are none."""
    if not is_base64(data):
        raise InvalidRequest("an image, sound or file holds nothing, or what is no base64", param="messages")
    return data


def _is_s3(url: str | None) -> bool:
    return url is not None and url.startswith("s3://")


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _input(block: ToolCall) -> msgspec.Raw:
    text = block.arguments.strip() or "{}"
    try:
        _decode_object(text)
    except (msgspec.DecodeError, RecursionError) as error:
        told = f"the arguments of tool call {block.id!r} are no JSON object"
        raise InvalidRequest(told, param="messages") from error
    return msgspec.Raw(text.encode())
