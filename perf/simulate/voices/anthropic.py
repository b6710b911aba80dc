"""Anthropic's messages, also as Vertex AI has them."""

from __future__ import annotations

from typing import Any

from .voice import PROMPT_TOKENS, Parts, first_tokens, sse, text


class AnthropicVoice:
    """Answers as Anthropic's API does."""

    media_type = b"text/event-stream"

    def whole(self, model: str, tokens: int) -> Any:
        """Return a message of one block."""
        return _message(model, [{"type": "text", "text": text(tokens)}], "end_turn", tokens)

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return named events from ``message_start`` to ``message_stop``."""
        block = {"type": "text", "text": ""}
        opening = [
            _event("message_start", message=_message(model, [], None, 1)),
            _event("content_block_start", index=0, content_block=block),
        ]
        said = [
            _event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
            for word in first_tokens()
        ]
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        ending = [
            _event("content_block_stop", index=0),
            _event("message_delta", delta=end, usage={"output_tokens": tokens}),
            _event("message_stop"),
        ]
        return Parts(opening, said, ending)

    def error(self, status: int, message: str, kind: str) -> Any:
        """Return an error by its status."""
        name = {429: "rate_limit_error", 400: "invalid_request_error"}.get(status, "api_error")
        return {"type": "error", "error": {"type": name, "message": message}, "request_id": "req_0123456789abcdef"}


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, kind)


def _message(model: str, content: list[Any], reason: str | None, tokens: int) -> dict[str, Any]:
    return {
        "id": "msg_0123456789abcdef",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": tokens},
    }
