"""A chat as the body of ``/api/chat``."""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.form.chat import Chat, Reasoning, Tool
from sluicegate.pipeline.form.sides import Dropped

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
NO_PARAMETERS = {"type": "object", "properties": {}}


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
    _drop(chat, dropped)
    return body


def _drop(chat: Chat, dropped: Dropped) -> None:
    if chat.n > 1:
        raise dropped.unsupported("n")
    for name, value in (
        ("parallel_tool_calls", chat.parallel_calls is False),
        ("logit_bias", chat.logit_bias),
        ("user", chat.user),
        ("metadata", chat.metadata),
        ("service_tier", chat.service_tier not in (None, "auto")),
        *((name, name not in EXTRA_OPTIONS and name != "keep_alive") for name in chat.extra),
    ):
        if value:
            dropped.drop(name)


def _tools(chat: Chat, dropped: Dropped) -> list[Json]:
    """Return the offer. There is no choice to be told: it is made by offering less, or not at all."""
    choice = chat.choice
    if choice is not None and choice.mode == "none":
        return []
    if choice is not None and choice.mode in ("required", "one"):
        raise dropped.unsupported("tool_choice")
    allowed = choice.allowed if choice is not None else ()
    return [_tool(tool, dropped) for tool in chat.tools if not allowed or tool.name in allowed]


def _tool(tool: Tool, dropped: Dropped) -> Json:
    if tool.native is not None:
        raise dropped.unsupported(f"tool {tool.name!r}")
    if tool.cache is not None:
        dropped.drop("cache_control")
    function: Json = {"name": tool.name, "parameters": tool.parameters or NO_PARAMETERS}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


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
