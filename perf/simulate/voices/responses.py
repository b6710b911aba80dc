"""OpenAI's responses: named events, each with its number."""

from __future__ import annotations

from typing import Any

from .openai import OpenAIVoice
from .voice import CREATED, PROMPT_TOKENS, SEQUENCE, Parts, first_tokens, sse, text

_MESSAGE = "msg_0123456789abcdef"
_AT = {"item_id": _MESSAGE, "output_index": 0, "content_index": 0}


class ResponsesVoice:
    """Answers as `/v1/responses` does."""

    media_type = b"text/event-stream"

    def whole(self, model: str, tokens: int) -> Any:
        """Return a `response` with one message."""
        usage = {
            "input_tokens": PROMPT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": PROMPT_TOKENS + tokens,
        }
        return {**_response(model, "completed"), "output": [_item(text(tokens))], "usage": usage}

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return named events; the last one has the whole response."""
        begun = _response(model, "in_progress")
        words = text(tokens)
        opening = [
            _event("response.created", response=begun),
            _event("response.in_progress", response=begun),
            _event("response.output_item.added", output_index=0, item={**_item(""), "content": []}),
            _event("response.content_part.added", **_AT, part=_part("")),
        ]
        said = [_event("response.output_text.delta", **_AT, delta=word, logprobs=[]) for word in first_tokens()]
        ending = [
            _event("response.output_text.done", **_AT, text=words, logprobs=[]),
            _event("response.content_part.done", **_AT, part=_part(words)),
            _event("response.output_item.done", output_index=0, item=_item(words)),
            _event("response.completed", response=self.whole(model, tokens)),
        ]
        return Parts(opening, said, ending)

    error = OpenAIVoice(chat=True).error


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, "sequence_number": SEQUENCE.decode(), **fields}, kind)


def _response(model: str, status: str) -> dict[str, Any]:
    return {
        "id": "resp_0123456789abcdef",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "model": model,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
    }


def _part(words: str) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": []}


def _item(words: str) -> dict[str, Any]:
    status = "completed" if words else "in_progress"
    return {"type": "message", "id": _MESSAGE, "role": "assistant", "status": status, "content": [_part(words)]}
