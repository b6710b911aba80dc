"""Ollama's own chat: a stream is a line of JSON for each token."""

from __future__ import annotations

from typing import Any

from .voice import PROMPT_TOKENS, Parts, first_tokens, json, text

_CREATED = "2026-01-01T00:00:00Z"


class OllamaVoice:
    """Answers as Ollama does."""

    media_type = b"application/x-ndjson"

    def whole(self, model: str, tokens: int) -> Any:
        """Return a chat's answer."""
        return {**_said(model, text(tokens)), **_done(tokens)}

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return lines, the last one with the reason and the tokens."""
        said = [_line({**_said(model, word), "done": False}) for word in first_tokens()]
        return Parts([], said, [_line({**_said(model, ""), **_done(tokens)})])

    def error(self, status: int, message: str, kind: str) -> Any:
        """Return an error, which is a message."""
        return {"error": message}


def _line(fields: Any) -> bytes:
    return json(fields) + b"\n"


def _said(model: str, words: str) -> dict[str, Any]:
    return {"model": model, "created_at": _CREATED, "message": {"role": "assistant", "content": words}}


def _done(tokens: int) -> dict[str, Any]:
    times = {"total_duration": 1_000_000, "load_duration": 1, "prompt_eval_duration": 1, "eval_duration": 1}
    return {"done": True, "done_reason": "stop", "prompt_eval_count": PROMPT_TOKENS, "eval_count": tokens, **times}
