"""What a message or a delta says, brought into OpenAI's form: its content, its reasoning and its calls. In place."""

from __future__ import annotations

from hashlib import sha256

import msgspec

Json = dict[str, object]
_encode = msgspec.json.encode


def mend_said(said: Json, drop_keys: frozenset[str]) -> None:
    """Bring content and reasoning of a message or a delta into the places where clients look."""
    for key in drop_keys:
        said.pop(key, None)
    content = said.get("content")
    thoughts = [said.pop("reasoning", None), said.get("reasoning_content")]
    if isinstance(content, list):
        texts: list[str] = []
        for part in content:
            _take_part(part, texts, thoughts)
        said["content"] = "".join(texts)
    # Some send the same under both names.
    found = list(dict.fromkeys(thought for thought in thoughts if isinstance(thought, str) and thought))
    if found:
        said["reasoning_content"] = "".join(found)


def _take_part(part: object, texts: list[str], thoughts: list[object]) -> None:
    """Sort a part of a content into texts and thoughts; parts that are neither, such as references, are left out."""
    if isinstance(part, str):
        texts.append(part)
    if not isinstance(part, dict):
        return
    if part.get("type") == "thinking":
        inner = part.get("thinking")
        pieces = inner if isinstance(inner, list) else [inner]
        thoughts.append("".join(_text_of(piece) for piece in pieces))
    else:
        texts.append(_text_of(part))


def _text_of(part: object) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def mend_call(call: Json, seed: str, place: int, *, first: bool) -> None:
    """Bring a call, or a piece of one, into OpenAI's form.

    Args:
        seed: Makes the id of a call that has none, with its place.
        place: Which call of the message it is.
        first: Whether it is the call's first piece, or the whole of it: only that has id, type and name.
    """
    call["index"] = place
    function = call.get("function")
    if isinstance(function, dict):
        arguments = function.get("arguments")
        if arguments is None:
            function["arguments"] = ""
        elif not isinstance(arguments, str):
            function["arguments"] = _encode(arguments).decode()
    if first:
        call["type"] = call.get("type") or "function"
        if call.get("id") in (None, "", "null"):
            call["id"] = f"call_{sha256(f'{seed} {place}'.encode()).hexdigest()[:24]}"
        return
    for key in ("id", "type"):
        call.pop(key, None)
    if isinstance(function, dict):
        function.pop("name", None)
