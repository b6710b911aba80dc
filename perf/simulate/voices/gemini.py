"""Gemini's `generateContent`, of Google AI Studio and of Vertex AI. A stream is events, or one JSON array."""

from __future__ import annotations

from typing import Any

from .voice import PROMPT_TOKENS, Parts, first_tokens, json, sse, text

_STATUSES = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED"}


class GeminiVoice:
    """Answers as Gemini's API does.

    Args:
        events: Whether a stream is events (``?alt=sse``); otherwise it is an array.
    """

    def __init__(self, *, events: bool) -> None:
        self._events = events
        self.media_type = b"text/event-stream" if events else b"application/json"

    def whole(self, model: str, tokens: int) -> Any:
        """Return a `GenerateContentResponse`."""
        return {**_said(model, text(tokens), "STOP"), "usageMetadata": _usage(tokens)}

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return responses, the last one with the reason and the tokens."""
        said = [_said(model, word) for word in first_tokens()]
        last = {**_said(model, "", "STOP"), "usageMetadata": _usage(tokens)}
        if self._events:
            return Parts([], [sse(each) for each in said], [sse(last)])
        between = b",\r\n"
        return Parts([b"["], [json(said[0]), *(between + json(each) for each in said[1:])], [between, json(last), b"]"])

    def error(self, status: int, message: str, kind: str) -> Any:
        """Return an error with Google's name of its status."""
        return {"error": {"code": status, "message": message, "status": _STATUSES.get(status, "INTERNAL")}}


def _said(model: str, words: str, reason: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": words}]}, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate], "modelVersion": model, "responseId": "0123456789abcdef"}


def _usage(tokens: int) -> dict[str, int]:
    return {
        "promptTokenCount": PROMPT_TOKENS,
        "candidatesTokenCount": tokens,
        "totalTokenCount": PROMPT_TOKENS + tokens,
    }
