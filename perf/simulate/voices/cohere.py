"""Cohere's chat, version 2."""

from __future__ import annotations

from typing import Any

from .voice import PROMPT_TOKENS, Parts, first_tokens, sse, text


class CohereVoice:
    """Answers as Cohere's API does."""

    media_type = b"text/event-stream"

    def whole(self, model: str, tokens: int) -> Any:
        """Return a chat's answer."""
        message = {"role": "assistant", "content": [{"type": "text", "text": text(tokens)}]}
        return {"id": "0123456789abcdef", "finish_reason": "COMPLETE", "message": message, "usage": _usage(tokens)}

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return named events from ``message-start`` to ``message-end``."""
        begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        opening = [
            _event("message-start", id="0123456789abcdef", delta={"message": begun}),
            _event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}}),
        ]
        said = [
            _event("content-delta", index=0, delta={"message": {"content": {"text": word}}}) for word in first_tokens()
        ]
        end = {"finish_reason": "COMPLETE", "usage": _usage(tokens)}
        return Parts(opening, said, [_event("content-end", index=0), _event("message-end", delta=end)])

    def error(self, status: int, message: str, kind: str) -> Any:
        """Return an error, which is a message."""
        return {"id": "0123456789abcdef", "message": message}


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, kind)


def _usage(tokens: int) -> dict[str, Any]:
    counted = {"input_tokens": PROMPT_TOKENS, "output_tokens": tokens}
    return {"billed_units": counted, "tokens": counted}
