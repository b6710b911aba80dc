"""What a chat comes to for an API that knows texts only."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sluicegate.pipeline.form.blocks import Block, Refusal, Text, Thinking
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

_HINTS = ("max_tokens", "temperature", "top_p", "top_k", "seed", "user")
"""Fields that templates may hold, by the same names."""
_NEVER = ("frequency_penalty", "presence_penalty", "logit_bias", "metadata", "service_tier", "parallel_calls")
"""Hints that no template can hold."""


def values_of(chat: Chat, model: str, used: frozenset[str], dropped: Dropped, *, stream: bool) -> dict[str, object]:
    """Return what goes into a template, and note what of the chat does not.

    Args:
        chat: What is asked.
        model: As the target calls it.
        used: The names of the template's placeholders.
        dropped: Takes what is left out.
        stream: Whether a stream is asked for.

    Raises:
        InvalidRequest: The chat has more than text, or wants what changes its meaning.
    """
    _refuse(chat, dropped)
    said: list[tuple[str, str]] = [(turn.role, _text(turn.blocks, dropped)) for turn in chat.turns]
    system = _text(chat.system, dropped)
    if system and not used & {"system", "messages", "prompt"}:
        raise dropped.unsupported("system")
    if len(said) > 1 and not used & {"messages", "prompt"}:
        dropped.drop("messages")
    for name in _HINTS:
        if getattr(chat, name) is not None and name not in used:
            dropped.drop(name)
    for name in _NEVER:
        if getattr(chat, name) is not None:
            dropped.drop(name)
    if chat.stop and "stop" not in used:
        dropped.drop("stop")
    if chat.reasoning is not None:
        dropped.drop("reasoning")
    everything = [("system", system), *said] if system and "system" not in used else said
    return {
        **{name: getattr(chat, name) for name in _HINTS},
        "model": model,
        "messages": [{"role": role, "content": text} for role, text in everything],
        "system": system or None,
        "prompt": _prompt(everything),
        "last_user": next((text for role, text in reversed(said) if role == "user"), ""),
        "stop": list(chat.stop) or None,
        "stream": stream,
        "request_id": secrets.token_hex(12),
    }


def _refuse(chat: Chat, dropped: Dropped) -> None:
    for name, wanted in (
        ("tools", bool(chat.tools)),
        ("response_format", chat.format is not None),
        ("n", chat.n > 1),
        ("logprobs", bool(chat.logprobs or chat.top_logprobs)),
    ):
        if wanted:
            raise dropped.unsupported(name)
    for name in chat.extra:
        dropped.drop(name)


def _text(blocks: Iterable[Block], dropped: Dropped) -> str:
    texts = []
    for block in blocks:
        if isinstance(block, Text | Refusal):
            texts.append(block.text)
        elif not isinstance(block, Thinking):  # which only its own model understands
            raise dropped.block(block)
    return "\n\n".join(texts)


def _prompt(said: list[tuple[str, str]]) -> str:
    """Return a conversation as one text: the only message alone, or else each with its role, and whose turn it is."""
    if len(said) == 1:
        return said[0][1]
    lines = [f"{role.capitalize()}: {text}" for role, text in said]
    return "\n\n".join([*lines, "Assistant:"])
