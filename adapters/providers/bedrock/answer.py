"""What ``Converse`` answers, read into the form."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.form.answer import Answer, Choice, Finish
from sluicegate.pipeline.form.blocks import Block, Text, Thinking, ToolCall
from sluicegate.pipeline.reply import Usage

from ..reading import Malformed, count_in, read_json, text_of
from .tables import BROKEN, FINISHES


class _Use(msgspec.Struct, rename="camel"):
    tool_use_id: str
    name: str
    input: msgspec.Raw = msgspec.Raw(b"{}")


class _ReasoningText(msgspec.Struct):
    text: str = ""
    signature: str | None = None


class _Reasoning(msgspec.Struct, rename="camel"):
    reasoning_text: _ReasoningText | None = None
    redacted_content: str | None = None


class _Piece(msgspec.Struct):
    text: str | None = None


class _Cited(msgspec.Struct):
    content: list[_Piece] | None = None
    citations: Any = None


class _Content(msgspec.Struct, rename="camel"):
    """One of its fields is there. Others, such as images, have no place in a caller's answer."""

    text: str | None = None
    tool_use: _Use | None = None
    reasoning_content: _Reasoning | None = None
    citations_content: _Cited | None = None


class _Message(msgspec.Struct):
    content: list[_Content]


class _Output(msgspec.Struct):
    message: _Message


class _Whole(msgspec.Struct, rename="camel"):
    output: _Output
    stop_reason: str
    usage: object = None


_decode = msgspec.json.Decoder(_Whole).decode


def read_answer(body: bytes, names: dict[str, str]) -> Answer:
    """Return what a whole answer says. Raises Malformed.

    Args:
        names: The tools' own names by those that stand for them.
    """
    whole = read_json(_decode, body)
    blocks = [block for content in whole.output.message.content for block in _blocks(content, names)]
    ids = [block.id for block in blocks if isinstance(block, ToolCall)]
    if len(set(ids)) < len(ids):
        raise Malformed("has two tool calls with one id")
    finish = finish_of(whole.stop_reason, any_said=bool(blocks))
    return Answer(choices=(Choice(tuple(blocks), finish),), usage=usage_of(whole.usage))


def finish_of(reason: str, *, any_said: bool) -> Finish:
    """Return why an answer ended. Raises Malformed where the model failed to write one; a part of one is told."""
    if reason in BROKEN and not any_said:
        raise Malformed(f"is none: the model failed to write one ({reason})")
    return FINISHES.get(reason, "stop")


def usage_of(found: object) -> Usage | None:
    """Return the tokens; None where nothing is told. What is kept and what was kept is counted apart from the rest."""
    if not isinstance(found, dict):
        return None
    cached, wrote = count_in(found, "cacheReadInputTokens"), count_in(found, "cacheWriteInputTokens")
    read, said = count_in(found, "inputTokens") + cached + wrote, count_in(found, "outputTokens")
    if not read and not said:
        return None
    details = found.get("cacheDetails")
    for_an_hour = sum(
        count_in(one, "inputTokens")
        for one in (details if isinstance(details, list) else ())
        if isinstance(one, dict) and one.get("ttl") == "1h"
    )
    return Usage(input=read, output=said, cached=cached, cache_write=wrote, cache_write_1h=min(wrote, for_an_hour))


def citation_of(found: Any) -> dict[str, Any] | None:
    """Return where a text comes from, with a URL where there is one; None for what is no citation."""
    if not isinstance(found, dict):
        return None
    location = found.get("location")
    web = location.get("web") if isinstance(location, dict) else None
    url = text_of(web.get("url")) if isinstance(web, dict) else ""
    title = text_of(found.get("title"))
    return {**found, **({"url": url, "title": title or url} if url else {})}


def _blocks(content: _Content, names: dict[str, str]) -> list[Block]:
    if content.text is not None:
        return [Text(content.text)] if content.text else []
    if (use := content.tool_use) is not None:
        arguments = bytes(use.input).decode()
        if not use.tool_use_id or not use.name or not arguments.startswith("{"):
            raise Malformed("has a tool call without an id, a name or an object of arguments")
        return [ToolCall(use.tool_use_id, names.get(use.name, use.name), arguments)]
    if (thought := content.reasoning_content) is not None:
        if thought.redacted_content is not None:
            return [Thinking(redacted=thought.redacted_content)]
        told = thought.reasoning_text or _ReasoningText()
        return [Thinking(told.text, told.signature or None)]
    if (cited := content.citations_content) is not None:
        text = "".join(piece.text or "" for piece in cited.content or ())
        found = cited.citations if isinstance(cited.citations, list) else []
        citations = tuple(made for one in found if (made := citation_of(one)) is not None)
        return [Text(text, citations=citations)] if text else []
    return []
