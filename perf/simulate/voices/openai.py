"""OpenAI's chats and completions, which most others speak too."""

from __future__ import annotations

from typing import Any

from .voice import CREATED, PROMPT_TOKENS, Parts, first_tokens, sse, text


class OpenAIVoice:
    """Answers as OpenAI's API does.

    Args:
        chat: Whether to a chat; otherwise to a completion.
    """

    media_type = b"text/event-stream"

    def __init__(self, *, chat: bool) -> None:
        self._chat = chat

    def whole(self, model: str, tokens: int) -> Any:
        """Return a `chat.completion` or a `text_completion`."""
        words = text(tokens)
        said = {"message": {"role": "assistant", "content": words, "refusal": None}} if self._chat else {"text": words}
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": "stop"}
        return {**self._frame(model, ""), "choices": [choice], "usage": usage_of(tokens)}

    def stream(self, model: str, tokens: int, *, usage: bool) -> Parts:
        """Return chunks, and the terminator."""
        frame = self._frame(model, ".chunk" if self._chat else "")

        def event(said: dict[str, Any], reason: str | None = None) -> bytes:
            choice = {"index": 0, **said, "logprobs": None, "finish_reason": reason}
            return sse({**frame, "choices": [choice]})

        def saying(word: str) -> dict[str, Any]:
            return {"delta": {"content": word}} if self._chat else {"text": word}

        opening = [event({"delta": {"role": "assistant", "content": ""}})] if self._chat else []
        ending = [event({"delta": {}} if self._chat else {"text": ""}, "stop")]
        if usage:
            ending.append(sse({**frame, "choices": [], "usage": usage_of(tokens)}))
        return Parts(opening, [event(saying(word)) for word in first_tokens()], [*ending, sse(b"[DONE]")])

    def error(self, status: int, message: str, kind: str) -> Any:
        """Return an error of four keys."""
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

    def _frame(self, model: str, more: str) -> dict[str, Any]:
        prefix, kind = ("chatcmpl", "chat.completion") if self._chat else ("cmpl", "text_completion")
        return {"id": f"{prefix}-0123456789abcdef", "object": kind + more, "created": CREATED, "model": model}


def usage_of(tokens: int) -> dict[str, int]:
    """Return what an answer of so many tokens took."""
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens, "total_tokens": PROMPT_TOKENS + tokens}
