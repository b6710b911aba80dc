"""Write a chat's messages as a provider of the family wants them. Values that need not change keep their bytes."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.form.sides import Dropped

from .profile import MessageRules
from .roles import answered, in_turns, system_in_front
from .tool_ids import nine_letters

Fields = dict[str, msgspec.Raw]
_OPENAI_PARTS = frozenset({"text", "refusal", "image_url", "input_audio", "file"})
_PART_HINTS = ("cache_control", "prompt_cache_breakpoint")
_REASONING = ("reasoning_content", "reasoning")
_decode_list = msgspec.json.Decoder(list[Fields]).decode
_decode_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.encode


def write_messages(raw: msgspec.Raw, rules: MessageRules, dropped: Dropped) -> msgspec.Raw:
    """Return the messages by these rules.

    Raises:
        InvalidRequest: One of them holds what the provider cannot be told.
    """
    try:
        messages = [_written(message, rules, dropped) for message in _decode_list(raw)]
        if rules.system_first:
            messages = system_in_front(messages)
        if rules.system_as_user:
            messages = [_by_user(message) for message in messages]
        if rules.alternate:
            messages = in_turns(messages)
        if rules.after_tool:
            messages = answered(messages, rules.after_tool)
        if rules.prefix and messages and text_in(messages[-1].get("role")) == "assistant":
            messages[-1]["prefix"] = msgspec.Raw(b"true")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw  # not of a shape we know: the provider may judge it
    return msgspec.Raw(_encode(messages))


def _written(message: Fields, rules: MessageRules, dropped: Dropped) -> Fields:
    role = text_in(message.get("role"))
    if role in rules.roles:
        role = rules.roles[role]
        message["role"] = msgspec.Raw(_encode(role))
    for key in rules.strip:
        message.pop(key, None)
    _carry_reasoning(message, rules.reasoning)
    if "name" in message and rules.named is not None and role not in rules.named:
        del message["name"]
        dropped.drop("messages.name")
    if bytes(message.get("content", b"")).startswith(b"["):
        message["content"] = _parts(message["content"], rules, dropped)
    if "tool_calls" in message:
        _number_calls(message, rules)
    if rules.nine_letter_ids and "tool_call_id" in message:
        message["tool_call_id"] = _short(message["tool_call_id"])
    return message


def _carry_reasoning(message: Fields, key: str) -> None:
    """Send earlier reasoning back by the provider's own name for it, or not at all."""
    found = [message.pop(name) for name in _REASONING if name in message]
    if found and key:
        message[key] = found[0]


def _parts(raw: msgspec.Raw, rules: MessageRules, dropped: Dropped) -> msgspec.Raw:
    parts = _decode_list(raw)
    for part in parts:
        kind = text_in(part.get("type"))
        if (kind in _OPENAI_PARTS and kind not in rules.parts) or (rules.text_only and kind != "text"):
            raise dropped.unsupported(f"messages.content.{kind}")
        for hint in () if rules.hints else _PART_HINTS:
            if hint in part:
                del part[hint]
                dropped.drop(hint)
    if rules.text_only:
        return msgspec.Raw(_encode("\n".join(text_in(part.get("text")) for part in parts)))
    return msgspec.Raw(_encode(parts))


def _number_calls(message: Fields, rules: MessageRules) -> None:
    raw = bytes(message["tool_calls"])
    if raw in (b"null", b"[]"):
        del message["tool_calls"]
        return
    calls = _decode_list(raw)
    for call in calls:
        call.pop("index", None)  # only answers have it
        if rules.nine_letter_ids and "id" in call:
            call["id"] = _short(call["id"])
    message["tool_calls"] = msgspec.Raw(_encode(calls))


def _short(raw: msgspec.Raw) -> msgspec.Raw:
    return msgspec.Raw(_encode(nine_letters(_decode_text(raw))))


def _by_user(message: Fields) -> Fields:
    if text_in(message.get("role")) == "system":
        message["role"] = msgspec.Raw(b'"user"')
    return message


def text_in(raw: msgspec.Raw | None) -> str:
    """Return the text that a value is; empty for any other."""
    if raw is None or not bytes(raw).startswith(b'"'):
        return ""
    return _decode_text(raw)
