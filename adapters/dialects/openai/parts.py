"""Content parts of OpenAI's messages as blocks."""

from __future__ import annotations

import base64
import mimetypes
from typing import Any
from urllib.parse import unquote_to_bytes

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Audio, Block, CacheMark, File, Foreign, Image, Refusal, Text, Thinking
from sluicegate.pipeline.schemas import Content, FileInput, ImageUrl, InputAudio, Part

NAME = "openai"
_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "mp4": "m4a", "x-flac": "flac"}
"""Media types whose second half is not the short name of their format."""


def read_content(path: str, content: Content | None, raw: Any) -> list[Block]:
    """Return what a message says as blocks. Texts without a character are left out: most APIs refuse them.

    Args:
        path: Where it stands, for messages.
        content: The checked content.
        raw: The same as decoded JSON, with what the checked content has no place for.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)] if content else []
    blocks = [_block(f"{path}[{index}]", part, raw[index]) for index, part in enumerate(content)]
    return [block for block in blocks if not (isinstance(block, Text) and not block.text)]


def read_mark(raw: dict[str, Any]) -> CacheMark | None:
    """Return the mark of a part or tool: OpenAI's ``prompt_cache_breakpoint``, or the ``cache_control`` of others."""
    for name in ("prompt_cache_breakpoint", "cache_control"):
        mark = raw.get(name)
        if isinstance(mark, dict):
            ttl = mark.get("ttl")
            return CacheMark(ttl if isinstance(ttl, str) else None)
    return None


def read_thinking(raw: Any) -> Thinking | None:
    """Return a thinking block as answers carry it, in the words of Anthropic's API; None for what is none."""
    if not isinstance(raw, dict):
        return None
    text, signature, data = raw.get("thinking"), raw.get("signature"), raw.get("data")
    if raw.get("type") == "thinking" and isinstance(text, str):
        return Thinking(text, signature=signature if isinstance(signature, str) and signature else None)
    if raw.get("type") == "redacted_thinking" and isinstance(data, str):
        return Thinking(redacted=data)
    return None


def _block(path: str, part: Part, raw: dict[str, Any]) -> Block:
    mark = read_mark(raw)
    if part.type == "text" and part.text is not None:
        return Text(part.text, cache=mark)
    if part.type == "image_url" and part.image_url is not None:
        return _image(path, part.image_url, mark)
    if part.type == "file" and part.file is not None:
        return _file(path, part.file, mark)
    if part.type == "refusal" and part.refusal is not None:
        return Refusal(part.refusal)
    if part.type == "input_audio":
        if isinstance(part.input_audio, InputAudio):
            return Audio(part.input_audio.data, part.input_audio.format, cache=mark)
        if isinstance(part.input_audio, str) and part.input_audio[:5].lower() == "data:":
            media_type, data = split_data_url(f"{path}.input_audio", part.input_audio)
            kind = media_type.partition("/")[2]
            return Audio(data, _AUDIO_FORMATS.get(kind, kind), cache=mark)
    return read_thinking(raw) or Foreign(NAME, raw)


def _image(path: str, image: ImageUrl | str, mark: CacheMark | None) -> Image:
    url, detail = (image, None) if isinstance(image, str) else (image.url, image.detail)
    if url[:5].lower() != "data:":
        return Image(url=url, detail=detail, cache=mark)
    media_type, data = split_data_url(f"{path}.image_url", url)
    return Image(data=data, media_type=media_type, detail=detail, cache=mark)


def _file(path: str, file: FileInput, mark: CacheMark | None) -> File:
    data = file.file_data
    if data is None:
        return File(file_id=file.file_id, name=file.filename, cache=mark)
    if data[:5].lower() == "data:":
        media_type, data = split_data_url(f"{path}.file.file_data", data)
    else:
        media_type = mimetypes.guess_type(file.filename or "")[0] or "application/pdf"
    return File(data=data, media_type=media_type, name=file.filename, cache=mark)


def split_data_url(path: str, url: str) -> tuple[str, str]:
    """Return media type and base64 of a ``data:`` URL (RFC 2397). Raises InvalidRequest where it is none."""
    head, comma, data = url[5:].partition(",")
    if not comma:
        raise InvalidRequest(f"{path}: a data URL needs a comma before its data", param=path)
    media_type, *parameters = (piece.strip() for piece in head.split(";"))
    if "base64" not in (parameter.lower() for parameter in parameters):
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    return media_type.lower() or "text/plain", data
