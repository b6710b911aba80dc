"""A chat as the body of ``/api/chat``."""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.form.chat import Chat, Reasoning
from sluicegate.pipeline.form.sides import Dropped

from ..plain_chat import drop_hints, function_tool
from .messages import Messages

Json = dict[str, Any]
OPTIONS = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
EXTRA_OPTIONS = frozenset(
    {"min_p", "num_ctx", "num_gpu", "num_keep", "repeat_last_n", "repeat_penalty", "tfs_z", "typical_p"}
)
"""Options that callers may add to a request in OpenAI's words."""
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
LEVELLED = "gpt-oss"
"""The models that are told how much to think; all others only whether."""


def body_of(chat: Chat, model: str, dropped: Dropped, *, num_ctx: int | None = None, keep_alive: str = "") -> Json:
    """Return the body that asks a model.

    Args:
        num_ctx: Tokens of context, where the caller does not say.
        keep_alive: How long the model stays loaded, likewise; empty for the server's default.

    Raises:
        InvalidRequest: This API cannot be told something that changes the answer.
    """
    body: Json = {"model": model, "stream": chat.stream, "messages": Messages(chat, dropped).written()}
    if tools := _tools(chat, dropped):
        body["tools"] = tools
    if options := _options(chat, num_ctx):
        body["options"] = options
    if chat.format is not None:
        body["format"] = chat.format.schema if chat.format.kind == "schema" and chat.format.schema else "json"
    if (think := _think(chat.reasoning, model)) is not None:
        body["think"] = think
    if chat.logprobs:
        body["logprobs"] = True
        if chat.top_logprobs:
            body["top_logprobs"] = chat.top_logprobs
    if kept := chat.extra.get("keep_alive") or keep_alive:
        body["keep_alive"] = kept
    drop_hints(chat, dropped, {*EXTRA_OPTIONS, "keep_alive"})
    return body


def _tools(chat: Chat, dropped: Dropped) -> list[Json]:
    """Return the offer. There is no choice to be told: it is made by offering less, or not at all."""
    choice = chat.choice
    if choice is not None and choice.mode == "none":
        return []
    if choice is not None and choice.mode in ("required", "one"):
        raise dropped.unsupported("tool_choice")
    allowed = choice.allowed if choice is not None else ()
    return [function_tool(tool, dropped) for tool in chat.tools if not allowed or tool.name in allowed]


def _options(chat: Chat, num_ctx: int | None) -> Json:
    found = {theirs: value for ours, theirs in OPTIONS.items() if (value := getattr(chat, ours)) is not None}
    if chat.stop:
        found["stop"] = list(chat.stop)
    if num_ctx is not None:
        found["num_ctx"] = num_ctx
    return found | {name: value for name, value in chat.extra.items() if name in EXTRA_OPTIONS}


def _think(reasoning: Reasoning | None, model: str) -> bool | str | None:
    if reasoning is None:
        return None
    if reasoning.enabled is False:
        return False
    if reasoning.effort and LEVELLED in model:
        return EFFORTS.get(reasoning.effort, "medium")
    return True if reasoning.enabled or reasoning.effort or reasoning.budget else None
