"""From a chat in no dialect to a request of OpenAI's API.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from sluicegate.pipeline.form.chat import Chat, Tool, ToolChoice
from sluicegate.pipeline.form.sides import Dropped

from .chat_messages import DIALECT, MessageWriter
from .chat_tables import LONGEST_USER, MOST_STOPS, TIERS, effort_for, takes_effort, takes_sampling
from .tool_names import short_name

Json = dict[str, Any]
_NOTHING = {"type": "object", "properties": {}}
"""The parameters of a tool that takes none; some servers want them said."""


def chat_fields(chat: Chat, model: str, dropped: Dropped, *, itself: bool) -> Json:
    """Return the fields of the request.

    Args:
        chat: What is asked.
        model: As the target calls it.
        dropped: Takes what cannot be told.
        itself: Whether OpenAI is asked, and not one of the servers that speak its API.

    Raises:
        InvalidRequest: Something that cannot be told may not be left out.
    """
    own = chat.dialect == DIALECT
    fields: Json = dict(chat.extra) if own else {}
    for name in () if own else chat.extra:
        dropped.drop(name)
    fields["model"] = model
    fields["messages"] = MessageWriter(chat, dropped, itself=itself).messages()
    _offer(fields, chat, dropped, short_name if itself else str)
    _sample(fields, chat, model, dropped, itself=itself)
    _form(fields, chat)
    _reason(fields, chat, model, dropped, itself=itself)
    if chat.user is not None:
        fields["user"] = _user(chat.user)
    if chat.metadata is not None:
        fields["metadata"] = chat.metadata
    if chat.service_tier is not None:
        tier = chat.service_tier if own else TIERS.get(chat.service_tier)
        if tier is None:
            dropped.drop("service_tier")
        else:
            fields["service_tier"] = tier
    if chat.stream:
        fields["stream"] = True
    return fields


def _offer(fields: Json, chat: Chat, dropped: Dropped, named: Callable[[str], str]) -> None:
    """Put the tools into a request. Those that the choice does not allow are left out: few servers can be told."""
    choice = chat.choice
    allowed = choice.allowed if choice is not None else ()
    tools = [_tool(tool, chat, dropped, named) for tool in chat.tools if not allowed or tool.name in allowed]
    if not tools:
        return
    fields["tools"] = tools
    if choice is not None:
        fields["tool_choice"] = _named(choice, chat, named) if choice.mode == "one" else choice.mode
    if chat.parallel_calls is not None:
        fields["parallel_tool_calls"] = chat.parallel_calls


def _tool(tool: Tool, chat: Chat, dropped: Dropped, named: Callable[[str], str]) -> Json:
    if tool.cache is not None:
        dropped.drop("cache_control")
    if tool.native is not None:
        if chat.dialect != DIALECT:
            raise dropped.unsupported("tools", f"tool {tool.name!r}: it is of another API")
        return tool.native
    function: Json = {"name": named(tool.name)}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = _NOTHING if tool.parameters is None else tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _named(choice: ToolChoice, chat: Chat, named: Callable[[str], str]) -> Json:
    """Return the choice of one tool; a custom tool is chosen as such."""
    natives = {tool.name: tool.native for tool in chat.tools if tool.native is not None}
    name = choice.name or ""
    kind = "custom" if natives.get(name, {}).get("type") == "custom" else "function"
    return {"type": kind, kind: {"name": named(name)}}


def _sample(fields: Json, chat: Chat, model: str, dropped: Dropped, *, itself: bool) -> None:
    """Put in how to sample, and how long."""
    if itself and len(chat.stop) > MOST_STOPS:
        raise dropped.unsupported("stop", f"room for more than {MOST_STOPS} stop texts")
    asked = {
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "top_k": chat.top_k,
        "frequency_penalty": chat.frequency_penalty,
        "presence_penalty": chat.presence_penalty,
        "seed": chat.seed,
        "n": chat.n if chat.n > 1 else None,
        "logprobs": chat.logprobs,
        "top_logprobs": chat.top_logprobs,
        "logit_bias": chat.logit_bias,
        "stop": list(chat.stop) or None,
        # The older name is the one that every server knows; OpenAI's newer models refuse it.
        "max_completion_tokens" if itself else "max_tokens": chat.max_tokens,
    }
    refused = set()
    if itself:
        refused.add("top_k")
        if not takes_sampling(model):
            refused |= {name for name in ("temperature", "top_p") if asked[name] != 1.0}
    for name, value in asked.items():
        if value is None:
            continue
        if name in refused:
            dropped.drop(name)
        else:
            fields[name] = value


def _form(fields: Json, chat: Chat) -> None:
    form = chat.format
    if form is None:
        return
    if form.kind == "json":
        fields["response_format"] = {"type": "json_object"}
        return
    schema: Json = {"name": form.name or "answer"}
    given = {"description": form.description, "schema": form.schema, "strict": form.strict}
    schema |= {name: value for name, value in given.items() if value is not None}
    fields["response_format"] = {"type": "json_schema", "json_schema": schema}


def _reason(fields: Json, chat: Chat, model: str, dropped: Dropped, *, itself: bool) -> None:
    """Put in how much to think. Not all models can be told to leave it, and a refusal would be worth less."""
    reasoning = chat.reasoning
    if reasoning is None:
        return
    effort = reasoning.effort
    if reasoning.enabled is False:
        if chat.dialect != DIALECT:
            if not itself or takes_effort(model):
                dropped.drop("reasoning")
            return
        effort = "none"
    elif effort is None and reasoning.budget is not None:
        effort = effort_for(reasoning.budget)
    if effort is None:
        return
    if itself and not takes_effort(model):
        dropped.drop("reasoning")
    else:
        fields["reasoning_effort"] = effort


def _user(user: str) -> str:
    """Return the name of the end user, or where it is too long another that is as good: it tells users apart."""
    return user if len(user) <= LONGEST_USER else blake2b(user.encode(), digest_size=24).hexdigest()
