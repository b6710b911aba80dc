"""From a message's content blocks to those of the form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import (
    Block,
    CacheMark,
    File,
    Foreign,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from sluicegate.pipeline.schemas.decode import decode_whole
from sluicegate.pipeline.schemas.messages import KNOWN_BLOCKS, CacheControl, ContentBlock, Source

from .sealed import unsealed


class _Kind(msgspec.Struct):
    type: str


class _Spelled(msgspec.Struct):
    """A call whose arguments stay as the model wrote them."""

    input: msgspec.Raw = msgspec.Raw(b"{}")


_KIND = msgspec.json.Decoder(_Kind)
_BLOCK = msgspec.json.Decoder(ContentBlock)
_SPELLED = msgspec.json.Decoder(_Spelled)
_ANYTHING = msgspec.json.Decoder(dict[str, Any])


def blocks_of(path: str, content: str | list[msgspec.Raw], names: dict[str, str]) -> Iterator[Block]:
    """Yield the blocks of a message.

    Args:
        path: Of the content.
        content: As it came.
        names: The tools' names by the ids of the calls so far; calls add theirs.

    Raises:
        InvalidRequest: A result holds what has no place in the form.
    """
    if isinstance(content, str):
        yield Text(content)
        return
    signature: str | None = None
    for index, raw in enumerate(content):
        block = _known(raw)
        if block is None:
            yield _foreign(raw)
        elif block.type == "redacted_thinking" and (found := unsealed(block.data or "")) is not None:
            signature = found
        elif block.type == "tool_use":
            name = names[block.id or ""] = block.name or ""
            arguments = bytes(_SPELLED.decode(raw).input).decode()
            yield ToolCall(block.id or "", name, arguments, signature, mark_of(block.cache_control))
            signature = None
        else:
            yield from _of_block(f"{path}[{index}]", block, raw, names)


def _known(raw: msgspec.Raw) -> ContentBlock | None:
    """Return a block of a type that the API shares with others, or None for one that only Anthropic knows."""
    if _KIND.decode(raw).type not in KNOWN_BLOCKS:
        return None
    try:
        return _BLOCK.decode(raw)
    except msgspec.ValidationError:
        return None  # a result that holds what only Anthropic knows, in a shape of its own


def _foreign(raw: msgspec.Raw) -> Foreign:
    """Return a block as it came. Raises InvalidRequest for a number in it that is out of range."""
    value: dict[str, Any] = decode_whole(raw, _ANYTHING)
    return Foreign("anthropic", value)


def mark_of(control: CacheControl | None) -> CacheMark | None:
    """Return what asks the provider to keep the prompt, in the form."""
    return None if control is None else CacheMark(control.ttl)


def text_of(block: ContentBlock) -> Text:
    """Return a block of text in the form."""
    citations = tuple(block.citations) if isinstance(block.citations, list) else ()
    return Text(block.text or "", mark_of(block.cache_control), citations)


def _of_block(path: str, block: ContentBlock, raw: msgspec.Raw, names: dict[str, str]) -> Iterator[Block]:
    if block.type == "tool_result":
        yield _result(path, block, names)
    elif block.type == "thinking":
        yield Thinking(block.thinking or "", block.signature or None)
    elif block.type == "redacted_thinking":
        yield Thinking(redacted=block.data)
    else:
        found = list(_plain(block))
        yield from found
        if not found:  # a source that no other API has
            yield _foreign(raw)


def _result(path: str, block: ContentBlock, names: dict[str, str]) -> ToolResult:
    said: list[Text | Image | File] = []
    content = block.content or []
    if isinstance(content, str):
        said.append(Text(content))
    else:
        for index, inner in enumerate(content):
            found = list(_plain(inner))
            if not found:
                where = f"{path}.content[{index}]"
                raise InvalidRequest(
                    f"{where}: only Anthropic's own models take a {inner.type[:64]} such as this",
                    param=where,
                    code="unsupported_parameter",
                )
            said += found
    call = block.tool_use_id or ""
    failed = bool(block.is_error)
    return ToolResult(call, tuple(said), names.get(call), failed, mark_of(block.cache_control))


def _plain(block: ContentBlock) -> Iterator[Text | Image | File]:
    """Yield what a block without sides says; nothing where the form has no place for it."""
    mark = mark_of(block.cache_control)
    source = block.source
    if block.type == "text":
        yield text_of(block)
    elif block.type == "search_result":
        texts = [inner.text or "" for inner in block.content or () if isinstance(inner, ContentBlock)]
        yield Text("\n".join([block.title or "", str(source), "", *texts]), mark)
    elif block.type == "image" and isinstance(source, Source):
        if source.type == "base64":
            yield Image(data=source.data, media_type=source.media_type or "", cache=mark)
        elif source.type == "url":
            yield Image(url=source.url, cache=mark)
    elif block.type == "document" and isinstance(source, Source):
        document = _document(block, source, mark)
        if document is not None and block.context:
            yield Text(block.context)
        if document is not None:
            yield document


def _document(block: ContentBlock, source: Source, mark: CacheMark | None) -> File | None:
    title = block.title
    media_type = source.media_type or ""
    if source.type == "base64":
        return File(data=source.data, media_type=media_type, name=title, cache=mark)
    if source.type == "text":
        return File(text=source.data, media_type=media_type or "text/plain", name=title, cache=mark)
    if source.type == "url":
        return File(url=source.url, media_type=media_type, name=title, cache=mark)
    if source.type == "file":
        return File(file_id=source.file_id, name=title, cache=mark)
    content = source.content
    if isinstance(content, list):
        texts = [inner.text for inner in content if inner.type == "text" and inner.text is not None]
        content = "\n".join(texts) if len(texts) == len(content) else None
    return None if content is None else File(text=content, media_type="text/plain", name=title, cache=mark)
