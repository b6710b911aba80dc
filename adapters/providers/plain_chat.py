"""What chats have in common in APIs of their own that know functions in OpenAI's shape, and no more than that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sluicegate.pipeline.form.chat import Chat, Tool
from sluicegate.pipeline.form.sides import Dropped

NO_PARAMETERS = {"type": "object", "properties": {}}


def drop_hints(chat: Chat, dropped: Dropped, known: Collection[str]) -> None:
    """Note the hints that such an API lacks. Raises InvalidRequest for more than one answer.

    Args:
        chat: What is asked.
        dropped: Takes the notes.
        known: Fields beyond the form that the API has.
    """
    if chat.n > 1:
        raise dropped.unsupported("n")
    for name, value in (
        ("parallel_tool_calls", chat.parallel_calls is False),
        ("logit_bias", chat.logit_bias),
        ("user", chat.user),
        ("metadata", chat.metadata),
        ("service_tier", chat.service_tier not in (None, "auto")),
        *((name, name not in known) for name in chat.extra),
    ):
        if value:
            dropped.drop(name)


def function_tool(tool: Tool, dropped: Dropped) -> dict[str, Any]:
    """Return a tool as a function. Raises InvalidRequest for one that is none."""
    if tool.native is not None:
        raise dropped.unsupported(f"tool {tool.name!r}")
    if tool.cache is not None:
        dropped.drop("cache_control")
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters or NO_PARAMETERS}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}
