"""Whole answers of Cohere's."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Block, Text, Thinking, ToolCall

from ..cited import Span, in_pieces
from ..openai.errors import ErrorTable
from ..reading import Malformed, read_json, text_of
from .wire import Call, Logprob, Part, citations_of, failure, finish_of, logprobs_of, named_call, usage_of


class Message(msgspec.Struct):
    """What is said."""

    content: list[Part] | None = None
    tool_plan: str | None = None
    tool_calls: list[Call] | None = None
    citations: Any = None


class Body(msgspec.Struct):
    """An answer. An error in its place has ``message`` as text."""

    message: Message | str | None = None
    id: object = None
    finish_reason: object = None
    usage: object = None
    logprobs: list[Logprob] | None = None


_decode = msgspec.json.Decoder(Body).decode


def read_answer(data: bytes, errors: ErrorTable) -> Answer:
    """Return what an answer says. Raises Malformed, or GatewayError for an error in its place."""
    body = read_json(_decode, data)
    if isinstance(body.message, str):
        raise failure(body.message, errors)
    if body.message is None:
        raise Malformed("has no message")
    finish = finish_of(body.finish_reason, errors)
    calls = [named_call(call) for call in body.message.tool_calls or ()]
    if len({call.id for call in calls}) < len(calls):
        raise Malformed("has two calls of one id")
    blocks = _said(body.message)
    if not blocks and not calls:
        blocks.append(Text(""))
    made = [ToolCall(call.id, call.function.name, call.function.arguments or "{}") for call in calls]
    ended = "tool_calls" if calls and finish == "stop" else finish
    choice = Choice((*blocks, *made), ended, logprobs=logprobs_of(body.logprobs))
    return Answer(id=text_of(body.id), choices=(choice,), usage=usage_of(body.usage))


def _said(message: Message) -> list[Block]:
    blocks: list[Block] = [Thinking(message.tool_plan)] if message.tool_plan else []
    cited = message.citations if isinstance(message.citations, list) else []
    for place, part in enumerate(message.content or ()):
        if part.thinking:
            blocks.append(Thinking(part.thinking))
        elif part.text:
            here = [one for one in cited if isinstance(one, dict) and one.get("content_index") in (None, place)]
            blocks += _cited(part.text, here)
    return blocks


def _cited(text: str, cited: list[dict[str, Any]]) -> list[Text]:
    """Return a text in pieces, each with where it comes from; in one where their places make no sense."""
    spans: list[Span] = []
    for one in cited:
        start, end = one.get("start"), one.get("end")
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
            spans = []
            break
        if sources := tuple(citations_of(one)):
            spans.append((start, end, sources))
    return in_pieces(text, spans, (source for one in cited for source in citations_of(one)))
