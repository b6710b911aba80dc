"""A whole answer as a ``response`` object."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

import msgspec

from sluicegate.pipeline.conversation import THOUGHT, new_response_id
from sluicegate.pipeline.form.answer import Answer, Choice, Finish
from sluicegate.pipeline.form.blocks import Block, Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.reply import Usage

from .sealed import sealed

Json = dict[str, Any]
_INCOMPLETE: dict[Finish, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}


def whole(chat: Chat, answer: Answer, now: int) -> bytes:
    """Return the body of an answer: its first choice."""
    choice = answer.choices[0] if answer.choices else Choice(())
    head = opening(chat, answer.model, answer.created or now)
    output = items_of(choice.blocks, logprobs_of(choice.logprobs), cut=choice.finish in _INCOMPLETE)
    return msgspec.json.encode(ended(head, output, choice.finish, answer.usage or Usage()))


def opening(chat: Chat, model: str, created: int) -> Json:
    """Return a response that has just begun, with an id of the gateway's own."""
    return {
        "id": new_response_id(),
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model or chat.model,
        "output": [],
        "usage": None,
        **chat.echo,
    }


def ended(head: Json, output: list[Json], finish: Finish, usage: Usage) -> Json:
    """Return the response when it has come to its end."""
    reason = _INCOMPLETE.get(finish)
    return {
        **head,
        "status": "completed" if reason is None else "incomplete",
        "incomplete_details": None if reason is None else {"reason": reason},
        "output": output,
        "usage": usage_of(usage),
    }


def usage_of(usage: Usage) -> Json:
    """Return tokens as this API counts them."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def items_of(blocks: Iterable[Block], logprobs: list[Json], *, cut: bool) -> list[Json]:
    """Return the output items of blocks; texts and refusals that follow each other are one message.

    Args:
        blocks: Of the answer.
        logprobs: Of its first text.
        cut: Whether the last item was cut off.
    """
    output: list[Json] = []
    for block in blocks:
        if isinstance(block, Text | Refusal):
            if not output or output[-1]["type"] != "message":
                output.append(message())
            part = text_part(block, logprobs) if isinstance(block, Text) else refusal_part(block.text)
            output[-1]["content"].append(part)
            logprobs = []
        elif isinstance(block, Thinking):
            output.append(reasoning(block))
        elif isinstance(block, ToolCall):
            if block.signature is not None:
                output.append(sealed_item(sealed("call", block.signature)))
            output.append(function_call(block.id, block.name, block.arguments))
    if output and "status" in output[-1] and cut:
        output[-1]["status"] = "incomplete"
    return output


def message() -> Json:
    """Return a message without parts."""
    return {"type": "message", "id": _id("msg"), "role": "assistant", "status": "completed", "content": []}


def text_part(text: Text, logprobs: list[Json]) -> Json:
    """Return a part of a message."""
    notes = [annotation(citation, len(text.text)) for citation in text.citations]
    found = [note for note in notes if note is not None]
    return {"type": "output_text", "text": text.text, "annotations": found, "logprobs": logprobs}


def refusal_part(text: str) -> Json:
    """Return a refusal as a part of a message."""
    return {"type": "refusal", "refusal": text}


def annotation(citation: Json, end: int) -> Json | None:
    """Return a citation of a text as far as ``end``; None where it names no URL."""
    url, title = citation.get("url"), citation.get("title")
    if not isinstance(url, str) or not url:
        return None
    title = title if isinstance(title, str) else ""
    return {"type": "url_citation", "start_index": 0, "end_index": end, "title": title, "url": url}


def reasoning(thinking: Thinking) -> Json:
    """Return a thought, with what proves it sealed."""
    if thinking.redacted is not None:
        return sealed_item(sealed("redacted", thinking.redacted))
    item = sealed_item(None if thinking.signature is None else sealed("signature", thinking.signature))
    if thinking.text:
        item["summary"] = [summary_part(thinking.text)]
    return item


def summary_part(text: str) -> Json:
    """Return the readable part of a thought."""
    return {"type": "summary_text", "text": text}


def sealed_item(content: str | None) -> Json:
    """Return a reasoning item that says nothing readable."""
    return {"type": "reasoning", "id": THOUGHT + secrets.token_hex(12), "summary": [], "encrypted_content": content}


def function_call(call_id: str, name: str, arguments: str) -> Json:
    """Return a call."""
    call_id = call_id or _id("call")
    head = {"type": "function_call", "id": _id("fc"), "call_id": call_id, "name": name}
    return {**head, "arguments": arguments, "status": "completed"}


def logprobs_of(found: Json | None) -> list[Json]:
    """Return the log probabilities of a text; those of a chat stand under ``content``."""
    content = (found or {}).get("content")
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(20)}"
