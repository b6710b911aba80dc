"""The pieces that whole answers and chunks have in common, as OpenAI's API has them, and a little beyond it.

``reasoning_content`` is what most servers call thoughts that may be read. ``thinking_blocks`` holds those that are
signed, and those that may not be read, so that a client that sends its history back sends them back too. Google has a
place for the signatures of calls, ``extra_content``.
"""

from __future__ import annotations

import uuid
from typing import Any

from sluicegate.pipeline.form.answer import Finish
from sluicegate.pipeline.form.blocks import Thinking
from sluicegate.pipeline.reply import Usage

Json = dict[str, Any]


def new_id(prefix: str) -> str:
    """Return an id, for what a provider gave none."""
    return prefix + uuid.uuid4().hex


def usage_json(usage: Usage) -> Json:
    """Return the tokens of an answer. What is not counted here is 0."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": usage.audio_input,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.audio_output,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def annotation(citation: Json, start: int, end: int) -> Json | None:
    """Return a citation of a stretch of the text, from and to in characters; None for one that names no URL."""
    url = citation.get("url")
    if not isinstance(url, str) or not url:
        return None
    title = citation.get("title")
    found = {"start_index": start, "end_index": end, "title": title if isinstance(title, str) else "", "url": url}
    return {"type": "url_citation", "url_citation": found}


def thinking_block(thinking: Thinking) -> Json | None:
    """Return a thought as it can come back; None for one that has no signature, which no provider would take back."""
    if thinking.redacted is not None:
        return {"type": "redacted_thinking", "data": thinking.redacted}
    if thinking.signature is None:
        return None
    return {"type": "thinking", "thinking": thinking.text, "signature": thinking.signature}


def call_json(call_id: str, name: str, arguments: str, signature: str | None) -> Json:
    """Return a call of a tool, or the beginning of one."""
    call: Json = {
        "id": call_id or new_id("call_"),
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
    if signature is not None:
        call["extra_content"] = {"google": {"thought_signature": signature}}
    return call


def finish_reason(finish: Finish, *, functions: bool) -> str:
    """Return why an answer ended, to a caller who may know functions only."""
    return "function_call" if functions and finish == "tool_calls" else finish
