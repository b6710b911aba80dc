"""A chat as the body of ``/v2/chat``."""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.form.chat import Chat, Format, Reasoning
from sluicegate.pipeline.form.sides import Dropped

from ..plain_chat import drop_hints, function_tool
from .messages import Messages

Json = dict[str, Any]
SAME = {"max_tokens": "max_tokens", "temperature": "temperature", "seed": "seed"}
EXTRAS = frozenset({"citation_options", "documents", "priority", "safety_mode"})
"""Fields of Cohere's own that callers may add to a request in OpenAI's words."""
LEAST_P, MOST_P = 0.01, 0.99
MOST_K = 500
MAX_STOPS = 5


def body_of(chat: Chat, model: str, dropped: Dropped) -> Json:
    """Return the body that asks a model.

    Raises:
        InvalidRequest: This API cannot be told something that changes the answer.
    """
    body: Json = {"model": model, "stream": chat.stream, "messages": Messages(chat, dropped).written()}
    body |= _tools(chat, dropped)
    body |= _sampling(chat, dropped)
    if chat.format is not None:
        body["response_format"] = _format(chat.format)
    if thinking := _thinking(chat.reasoning):
        body["thinking"] = thinking
    if chat.logprobs:
        body["logprobs"] = True
    if chat.top_logprobs:
        dropped.drop("top_logprobs")
    drop_hints(chat, dropped, EXTRAS)
    return body | {name: value for name, value in chat.extra.items() if name in EXTRAS}


def _tools(chat: Chat, dropped: Dropped) -> Json:
    """Return the offer, and whether to choose of it. To have one tool called, only that one is offered."""
    choice = chat.choice
    allowed: tuple[str, ...] = ()
    if choice is not None:
        allowed = (choice.name,) if choice.mode == "one" and choice.name else choice.allowed
    tools = [function_tool(tool, dropped) for tool in chat.tools if not allowed or tool.name in allowed]
    if not tools:
        return {}
    found: Json = {"tools": tools}
    if choice is not None and choice.mode != "auto":
        found["tool_choice"] = "NONE" if choice.mode == "none" else "REQUIRED"
    if any(tool.strict for tool in chat.tools):
        found["strict_tools"] = True
    return found


def _sampling(chat: Chat, dropped: Dropped) -> Json:
    found: Json = {theirs: value for ours, theirs in SAME.items() if (value := getattr(chat, ours)) is not None}
    if chat.top_p is not None:
        found["p"] = min(max(chat.top_p, LEAST_P), MOST_P)
    if chat.top_k is not None:
        found["k"] = min(chat.top_k, MOST_K)
    for name in ("frequency_penalty", "presence_penalty"):
        value = getattr(chat, name)
        if value is not None and value < 0:
            dropped.drop(name)  # it rewards nothing, it only punishes
        elif value is not None:
            found[name] = min(value, 1.0)
    if len(chat.stop) > MAX_STOPS:
        raise dropped.unsupported("stop", f"stop of over {MAX_STOPS} texts")
    if chat.stop:
        found["stop_sequences"] = list(chat.stop)
    return found


def _format(wanted: Format) -> Json:
    if wanted.kind == "schema" and wanted.schema:
        return {"type": "json_object", "json_schema": wanted.schema}
    return {"type": "json_object"}


def _thinking(reasoning: Reasoning | None) -> Json | None:
    if reasoning is None:
        return None
    if reasoning.enabled is False:
        return {"type": "disabled"}
    if reasoning.budget is not None:
        return {"type": "enabled", "token_budget": reasoning.budget}
    return {"type": "enabled"} if reasoning.enabled or reasoning.effort else None
