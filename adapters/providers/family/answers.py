"""Bring whole answers of the family into OpenAI's form."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ..openai.errors import ErrorTable
from .citations import cited_in
from .counts import mend_logprobs, mend_usage
from .finish import finish_of
from .profile import Profile
from .said import Json, mend_call, mend_said
from .think import ThinkTags

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode


class Defaults(NamedTuple):
    """What stands in an answer that leaves it out: who asked knows it as well. ``created``: seconds since the epoch."""

    id: str
    model: str
    created: int


def read_json(data: bytes) -> Json | None:
    """Return the object that a body is, or None for anything else."""
    try:
        value = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def write_json(value: Json) -> bytes:
    """Return a value that was read, and changed, as JSON."""
    return _encode(value)


def without(value: Json, keys: frozenset[str]) -> Json:
    """Return a value without some keys: itself where it has none of them."""
    return value if keys.isdisjoint(value) else {name: each for name, each in value.items() if name not in keys}


def mend_answer(body: bytes, operation: str, profile: Profile, errors: ErrorTable, defaults: Defaults) -> bytes:
    """Return an answer in OpenAI's form; as it came where it is none, for the next one to judge.

    Raises:
        GatewayError: The answer ended in an error.
    """
    top = read_json(body)
    if top is None or top.get("error") or not isinstance(choices := top.get("choices"), list):
        return body
    kept = complete(top, profile, defaults, "chat.completion" if operation == "chat" else "text_completion")
    if "usage" in kept:
        kept["usage"] = mend_usage(kept["usage"])
    for place, choice in enumerate(choices):
        if not isinstance(choice, dict):
            raise errors.nonsense("has a choice that is no object")
        _mend_choice(choice, place, top, operation, profile, errors, f"{kept['id']} {place}")
    return write_json(kept)


def complete(top: Json, profile: Profile, defaults: Defaults, kind: str) -> Json:
    """Return the top level of an answer or a chunk, with what every client expects of one. It may be changed itself."""
    kept = without(top, profile.drop_keys)
    kept["id"] = kept.get("id") or f"chatcmpl-{defaults.id}"
    kept["object"] = kind
    kept["created"] = kept.get("created") or defaults.created
    kept["model"] = kept.get("model") or defaults.model
    if isinstance(tier := kept.get("service_tier"), str):
        kept["service_tier"] = profile.tiers.get(tier, tier)
    return kept


def _mend_choice(
    choice: Json, place: int, top: Json, operation: str, profile: Profile, errors: ErrorTable, seed: str
) -> None:
    for key in profile.drop_keys:
        choice.pop(key, None)
    if not isinstance(choice.get("index"), int):
        choice["index"] = place
    message = choice.get("message")
    called = False
    if operation == "chat":
        choice.pop("delta", None)
        message = choice["message"] = message if isinstance(message, dict) else {}
        called = _mend_message(message, top, profile, seed)
        choice["logprobs"] = mend_logprobs(choice.get("logprobs"), message.get("content"))
    choice["finish_reason"] = finish_of(choice, errors, called=called) or ("tool_calls" if called else "stop")


def _mend_message(message: Json, top: Json, profile: Profile, seed: str) -> bool:
    """Bring a message into form; return whether it calls tools."""
    message["role"] = "assistant"
    message.setdefault("content", None)
    mend_said(message, profile.drop_keys)
    content = message["content"]
    if profile.think_tags and isinstance(content, str):
        tags = ThinkTags()
        (thought, said), (more_thought, more_said) = tags.feed(content), tags.end()
        if thought or more_thought:
            message["reasoning_content"] = thought + more_thought
        message["content"] = said + more_said
    if profile.citations and (cited := cited_in(str(message["content"] or ""), top)):
        message["annotations"] = cited
    calls = message.get("tool_calls")
    good = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    if not good:
        message.pop("tool_calls", None)
        return False
    message["tool_calls"] = good
    for place, call in enumerate(good):
        mend_call(call, seed, place, first=True)
        call.pop("index")
    return True
