"""How much a model is to think, in the words that it understands, and how long its answer may get."""

from __future__ import annotations

from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

from ..anthropic.tables import DEFAULT_MAX_TOKENS, Model
from ..anthropic.thinking import HINT, thinks
from ..anthropic.thinking import write_thinking as write_claudes
from ..anthropic.toolset import forces
from .blocks import Fields
from .tables import EFFORTS, Family
from .turns import in_bare_tool_loop


def write_thinking(body: Fields, more: Fields, chat: Chat, family: Family, model: Model, dropped: Dropped) -> Fields:
    """Add to a request how much to think, and return ``inferenceConfig`` with the limit of the answer.

    Args:
        body: The request, with its messages.
        more: What stands in ``additionalModelRequestFields``.
    """
    if family.thinks == "claude":
        return _claude(body, more, chat, model, dropped)
    inference: Fields = {} if chat.max_tokens is None else {"maxTokens": chat.max_tokens}
    reasoning = chat.reasoning
    if reasoning is None:
        return inference
    effort = EFFORTS.get(reasoning.effort or "medium", "medium")
    if family.thinks == "nova" and reasoning.enabled is False:
        more["reasoningConfig"] = {"type": "disabled"}
    elif not thinks(reasoning):
        return inference
    elif family.thinks == "nova":
        # With the highest effort it takes neither a limit nor what chooses among words.
        if effort == "high" and not (chat.max_tokens is chat.temperature is chat.top_p is None):
            effort = "medium"
        more["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": effort}
    elif family.thinks == "effort":
        more["reasoning_effort"] = effort
    else:
        dropped.drop(HINT)
    return inference


def _claude(body: Fields, more: Fields, chat: Chat, model: Model, dropped: Dropped) -> Fields:
    limit = chat.max_tokens
    if limit is not None and limit > model.max_tokens:
        dropped.drop("max_tokens")
        limit = model.max_tokens
    inference: Fields = {} if limit is None else {"maxTokens": limit}
    if chat.reasoning is None:
        return inference
    # Of two things that exclude each other, a call that has to be made is worth more than thinking about it.
    excluded = forces(chat) or (model.thinking == "budget" and in_bare_tool_loop(body["messages"]))
    if excluded and thinks(chat.reasoning):
        dropped.drop(HINT)
        return inference
    fields: Fields = {"max_tokens": limit or min(DEFAULT_MAX_TOKENS, model.max_tokens)}
    write_claudes(fields, chat.reasoning, model, dropped, limited=limit is not None)
    if "thinking" in fields:
        more["thinking"] = fields["thinking"]
        if fields["thinking"]["type"] == "enabled":  # the budget is a part of it
            inference["maxTokens"] = fields["max_tokens"]
    if effort := fields.get("output_config", {}).get("effort"):
        body.setdefault("outputConfig", {})["effort"] = effort
    return inference
