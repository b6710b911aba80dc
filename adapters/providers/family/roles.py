"""The order of roles that some chat templates insist on: the system first, then user and assistant in turns.

Without it they answer "roles must alternate" or "Expected last role User or Tool". Results of tools stand between an
assistant and the next turn, and are nobody's turn.
"""

from __future__ import annotations

import msgspec

Fields = dict[str, msgspec.Raw]
_decode_value = msgspec.json.Decoder().decode
_encode = msgspec.json.encode
_BETWEEN = "\n\n"
_FIRST_WORD = "..."
"""What a user says who has to speak first and has said nothing. Empty content is refused by most."""


def system_in_front(messages: list[Fields]) -> list[Fields]:
    """Return the messages with those of the system before all others, in their order."""
    front = [message for message in messages if _role(message) == "system"]
    return front + [message for message in messages if _role(message) != "system"] if front else messages


def in_turns(messages: list[Fields]) -> list[Fields]:
    """Return the messages with those of one side that follow each other made one, and the user first."""
    turns: list[Fields] = []
    for message in messages:
        if turns and _mergeable(turns[-1], message):
            turns[-1] = {**turns[-1], "content": _joined(turns[-1], message)}
        else:
            turns.append(message)
    first = next((place for place, message in enumerate(turns) if _role(message) != "system"), None)
    if first is not None and _role(turns[first]) == "assistant":
        turns.insert(first, {"role": msgspec.Raw(b'"user"'), "content": msgspec.Raw(_encode(_FIRST_WORD))})
    return turns


def answered(messages: list[Fields], filler: str) -> list[Fields]:
    """Return the messages with a word of the assistant between the result of a tool and a user."""
    found: list[Fields] = []
    for message in messages:
        if found and _role(found[-1]) == "tool" and _role(message) == "user":
            found.append({"role": msgspec.Raw(b'"assistant"'), "content": msgspec.Raw(_encode(filler))})
        found.append(message)
    return found


def _mergeable(before: Fields, message: Fields) -> bool:
    role = _role(message)
    calls = "tool_calls" in before or "tool_calls" in message
    return role == _role(before) and role in ("user", "assistant", "system") and not calls


def _joined(before: Fields, message: Fields) -> msgspec.Raw:
    """Return both contents as one: text after text, or parts after parts."""
    one, other = _content(before), _content(message)
    if isinstance(one, str) and isinstance(other, str):
        return msgspec.Raw(_encode(_BETWEEN.join(text for text in (one, other) if text)))
    return msgspec.Raw(_encode([*_as_parts(one), *_as_parts(other)]))


def _content(message: Fields) -> object:
    return _decode_value(message.get("content", b'""'))


def _as_parts(content: object) -> list[object]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _role(message: Fields) -> object:
    return _decode_value(message.get("role", b"null"))
