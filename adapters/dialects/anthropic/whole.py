"""A whole answer as a ``message`` object."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from sluicegate.pipeline.form.answer import Answer, Choice, Finish
from sluicegate.pipeline.form.blocks import Block, Foreign, Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.reply import Usage

from .citations import citations_of
from .sealed import sealed

Json = dict[str, Any]
_STOP_REASONS: dict[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def whole(chat: Chat, answer: Answer) -> bytes:
    """Return the body of an answer: its first choice."""
    choice = answer.choices[0] if answer.choices else Choice(())
    calls = any(isinstance(block, ToolCall) for block in choice.blocks)
    refused = any(isinstance(block, Refusal) for block in choice.blocks)
    return msgspec.json.encode(
        {
            **opening(answer.id, answer.model or chat.model),
            "content": [value for block in choice.blocks for value in _content(block)],
            **ending(choice.finish, choice.stop_text, calls=calls, refused=refused),
            "usage": usage_of(answer.usage or Usage()),
        }
    )


def opening(id: str, model: str) -> Json:
    """Return what a message tells of itself before its content."""
    return {"id": id or f"msg_{secrets.token_hex(12)}", "type": "message", "role": "assistant", "model": model}


def ending(finish: Finish, stop_text: str | None, *, calls: bool, refused: bool) -> Json:
    """Return why a message ended.

    Args:
        finish: As the provider says.
        stop_text: The stop text that ended it, where that is known.
        calls: Whether tools are called in it: some providers say ``stop`` all the same.
        refused: Whether the model refused in so many words.
    """
    reason = _STOP_REASONS[finish]
    if finish == "stop":
        if refused:
            reason = "refusal"
        elif calls:
            reason = "tool_use"
        elif stop_text is not None:
            reason = "stop_sequence"
    return {"stop_reason": reason, "stop_sequence": stop_text if reason == "stop_sequence" else None}


def usage_of(usage: Usage) -> Json:
    """Return tokens as Anthropic counts them: what came from the cache, or went there, is not in ``input_tokens``."""
    told: Json = {
        "input_tokens": max(0, usage.input - usage.cached - usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
    }
    if usage.cache_write_1h:
        told["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write - usage.cache_write_1h,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    if usage.searches:
        told["server_tool_use"] = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
    if usage.reasoning:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return told


def arguments_of(text: str) -> msgspec.Raw:
    """Return a call's arguments as the JSON object that they are to be, spelled as the model wrote them.

    What is none, as of an answer cut off by its limit, is handed on inside one, as Anthropic advises:
    https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    data = text.encode("utf-8", "replace").strip()
    if not data:
        return msgspec.Raw(b"{}")
    try:
        msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return msgspec.Raw(msgspec.json.encode({"INVALID_JSON": text}))
    return msgspec.Raw(data)


def _content(block: Block) -> Iterator[Json]:
    """Yield the content blocks of one of the form; none for an empty text, which clients could not send back."""
    if isinstance(block, Text):
        citations = citations_of(block.citations)
        if block.text or citations:
            yield {"type": "text", "text": block.text, **({"citations": citations} if citations else {})}
    elif isinstance(block, Thinking):
        if block.redacted is not None:
            yield {"type": "redacted_thinking", "data": block.redacted}
        else:
            yield {"type": "thinking", "thinking": block.text, "signature": block.signature or ""}
    elif isinstance(block, Refusal):
        yield {"type": "text", "text": block.text}
    elif isinstance(block, ToolCall):
        if block.signature is not None:
            yield {"type": "redacted_thinking", "data": sealed(block.signature)}
        yield {"type": "tool_use", "id": block.id, "name": block.name, "input": arguments_of(block.arguments)}
    elif isinstance(block, Foreign) and block.dialect == "anthropic":
        yield block.value
