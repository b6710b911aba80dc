"""One whole answer from a stream, for servers that stream where nobody asked them to."""

from __future__ import annotations

from collections.abc import Iterable

from sluicegate.pipeline.reply import Usage

from .answers import read_json, write_json
from .said import Json

_TEXTS = ("content", "reasoning_content", "refusal")


def gather(chunks: Iterable[bytes], usage: Usage | None) -> bytes:
    """Return the answer that these chunks make up. They are in OpenAI's form already."""
    top: Json = {}
    choices: dict[object, Json] = {}
    for data in chunks:
        chunk = read_json(data) or {}
        found = chunk.pop("choices", None)
        top.update(chunk)
        for choice in found if isinstance(found, list) else ():
            _add(choices.setdefault(choice.get("index"), _empty(choice.get("index"))), choice)
    top |= {"object": "chat.completion", "choices": list(choices.values())}
    if usage is not None:
        top["usage"] = {
            "prompt_tokens": usage.input,
            "completion_tokens": usage.output,
            "total_tokens": usage.total,
        }
    for choice in choices.values():
        message = choice["message"]
        assert isinstance(message, dict)
        message["content"] = message["content"] or None
    return write_json(top)


def _empty(index: object) -> Json:
    return {"index": index, "message": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}


def _add(whole: Json, piece: Json) -> None:
    """Add one chunk's choice to the whole one."""
    message, delta = whole["message"], piece.get("delta")
    assert isinstance(message, dict)
    if isinstance(delta, dict):
        for key in _TEXTS:
            if isinstance(text := delta.get(key), str) and text:
                message[key] = (message.get(key) or "") + text
        for call in delta.get("tool_calls") or ():
            _add_call(message.setdefault("tool_calls", []), call)
        if "annotations" in delta:
            message["annotations"] = delta["annotations"]
    whole["finish_reason"] = piece.get("finish_reason") or whole["finish_reason"]


def _add_call(calls: list[Json], piece: Json) -> None:
    function = piece.get("function")
    arguments = function.get("arguments") if isinstance(function, dict) else ""
    if piece.get("id"):
        calls.append({key: value for key, value in piece.items() if key != "index"})
    elif calls and isinstance(whole := calls[-1].get("function"), dict) and isinstance(arguments, str):
        whole["arguments"] = f"{whole.get('arguments') or ''}{arguments}"
