"""A whole answer as the body of a chat completion."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Refusal, Text, Thinking, ToolCall
from sluicegate.pipeline.form.chat import Chat

from .wire import Json, annotation, call_json, finish_reason, new_id, thinking_block, usage_json


def whole_body(chat: Chat, answer: Answer, now: float) -> bytes:
    """Return the body. ``now`` is in seconds since the epoch."""
    body = {
        "id": answer.id or new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": answer.created or int(now),
        "model": answer.model or chat.model,
        "system_fingerprint": None,
        "choices": [_choice(choice, functions=chat.functions) for choice in answer.choices],
        "usage": usage_json(answer.usage) if answer.usage is not None else None,
    }
    return msgspec.json.encode(body)


def _choice(choice: Choice, *, functions: bool) -> Json:
    return {
        "index": choice.index,
        "message": _message(choice, functions=functions),
        "logprobs": choice.logprobs,
        "finish_reason": finish_reason(choice.finish, functions=functions),
    }


def _message(choice: Choice, *, functions: bool) -> Json:
    texts = [block for block in choice.blocks if isinstance(block, Text)]
    refusals = [block.text for block in choice.blocks if isinstance(block, Refusal)]
    calls = [block for block in choice.blocks if isinstance(block, ToolCall)]
    content = "".join(text.text for text in texts)
    message: Json = {
        "role": "assistant",
        "content": content or (None if calls or refusals else ""),
        "refusal": "".join(refusals) if refusals else None,
    }
    _think(message, [block for block in choice.blocks if isinstance(block, Thinking)])
    annotations = _annotations(texts)
    if annotations:
        message["annotations"] = annotations
    if calls and functions:
        message["function_call"] = {"name": calls[0].name, "arguments": calls[0].arguments}
    elif calls:
        message["tool_calls"] = [call_json(call.id, call.name, call.arguments, call.signature) for call in calls]
    return message


def _think(message: Json, thoughts: list[Thinking]) -> None:
    """Put thoughts into a message: their text, and those that can come back as blocks."""
    text = "".join(thinking.text for thinking in thoughts)
    if text:
        message["reasoning_content"] = text
    blocks = [block for thinking in thoughts if (block := thinking_block(thinking)) is not None]
    if blocks:
        message["thinking_blocks"] = blocks


def _annotations(texts: list[Text]) -> list[Json]:
    found: list[Json] = []
    start = 0
    for text in texts:
        end = start + len(text.text)
        made = (annotation(citation, start, end) for citation in text.citations)
        found += (entry for entry in made if entry is not None)
        start = end
    return found
