"""Conversations that another provider has had a part in, before they pass through to the Messages API.

A caller of ours who was answered by another provider sends back what it was told: thoughts that have no signature,
since nobody else signs them, signatures of calls in a disguise of ours, and ids of calls in letters of others. The API
refuses a conversation with any of these. With a budget for thinking it also refuses results of tools whose calls came
without what was thought before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from sluicegate.pipeline.form.sides import Dropped

from ...dialects.anthropic.sealed import unsealed
from .blocks import wire_id
from .tables import model_of

Fields = Mapping[str, msgspec.Raw]
_THOUGHT = b"thinking"
"""Part of the names of the blocks that may be foreign; where it is not there, nothing has to be looked at."""
_IDS = {"tool_use": "id", "tool_result": "tool_use_id"}
_odd_id = re.compile(rb'id"\s*:\s*"[A-Za-z0-9_-]*[^A-Za-z0-9_"-]').search
"""Finds what may be an id that the API does not take: it may as well be a part of some text."""


class _Thought(msgspec.Struct):
    type: str = ""
    signature: str | None = None
    data: str | None = None


class _Kind(msgspec.Struct):
    type: str = ""


_NULL = msgspec.Raw(b"null")
_messages = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_blocks = msgspec.json.Decoder(list[msgspec.Raw] | str).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_thought = msgspec.json.Decoder(_Thought).decode
_kind = msgspec.json.Decoder(_Kind).decode
_encode = msgspec.json.Encoder().encode


def without_foreign(fields: Fields, model: str, dropped: Dropped) -> dict[str, msgspec.Raw]:
    """Return a caller's fields without what another provider has left in them.

    Args:
        model: As the provider calls it.
        dropped: Is told where no thinking can be asked for. Of thoughts it is not: only who thought them knows them.

    Raises:
        InvalidRequest: Nothing may be left out.
    """
    kept = dict(fields)
    messages = kept.get("messages", msgspec.Raw(b"[]"))
    wanted = "thinking" in kept and _asks_for_a_budget(kept["thinking"])
    data = bytes(messages)
    odd = _has_odd_ids(data)
    if not (wanted or odd or _THOUGHT in data):
        return kept
    try:
        found = _messages(messages)
        changed = [message for message in found if _mend(message, odd=odd)]
        bare = wanted and model_of(model).thinking == "budget" and _in_bare_tool_loop(found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return kept  # not a conversation: the API says what is wrong with it
    if changed:
        kept["messages"] = msgspec.Raw(_encode([message for message in found if message]))
    if bare:
        dropped.drop("thinking")
        del kept["thinking"]
    return kept


def _asks_for_a_budget(raw: msgspec.Raw) -> bool:
    try:
        return _kind(raw).type == "enabled"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _has_odd_ids(data: bytes) -> bool:
    return b"tool_use" in data and _odd_id(data) is not None


def _mend(message: dict[str, msgspec.Raw], *, odd: bool) -> bool:
    """Take foreign thoughts and ids out of a message; one that was nothing else is emptied. Return whether any were.

    Args:
        odd: Whether there may be ids that the API does not take.
    """
    content = message.get("content", _NULL)
    if not odd and _THOUGHT not in bytes(content):
        return False
    blocks = _blocks(content)
    if isinstance(blocks, str):
        return False
    own = [_with_own_id(block) if odd else block for block in blocks if not _is_foreign(block)]
    if own == blocks:
        return False
    message["content"] = msgspec.Raw(_encode(own))
    if not own:
        message.clear()
    return True


def _with_own_id(block: msgspec.Raw) -> msgspec.Raw:
    """Return a block whose id of a call is one that the API takes: the same for the call and for its result."""
    if not _has_odd_ids(bytes(block)):
        return block
    fields = _fields(block)
    name = _IDS.get(_kind(block).type, "")
    if name not in fields:
        return block
    given = _text(fields[name])
    made = wire_id(given)
    return block if made == given else msgspec.Raw(_encode({**fields, name: made}))


def _is_foreign(block: msgspec.Raw) -> bool:
    data = bytes(block)
    if _THOUGHT not in data:
        return False
    try:
        thought = _thought(data)
    except msgspec.ValidationError:
        return False  # a field by one of these names in a block of another kind
    if thought.type == "thinking":
        return not thought.signature
    return thought.type == "redacted_thinking" and unsealed(thought.data or "") is not None


def _in_bare_tool_loop(messages: list[dict[str, msgspec.Raw]]) -> bool:
    """Say whether the last message has results of tools, whose calls do not come behind a thought."""
    said = [message for message in messages if message]
    if [_text(message.get("role", _NULL)) for message in said[-2:]] != ["assistant", "user"]:
        return False
    calls, results = (_kinds(message.get("content", _NULL)) for message in said[-2:])
    return "tool_result" in results and calls[:1] not in (["thinking"], ["redacted_thinking"])


def _kinds(content: msgspec.Raw) -> list[str]:
    blocks = _blocks(content)
    return ["text"] if isinstance(blocks, str) else [_kind(block).type for block in blocks]
