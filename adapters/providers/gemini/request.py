"""A chat as the body of ``generateContent``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sluicegate.pipeline.form.chat import Chat, Format, Reasoning, Tool, ToolChoice
from sluicegate.pipeline.form.sides import Dropped

from .contents import Contents
from .schema import subset_schema, whole_schema
from .tables import EFFORTS, LEVELS, PRO_LEVELS, TIERS, Family, family_of

_Fields = dict[str, Any]


def body_of(
    chat: Chat,
    model: str,
    dropped: Dropped,
    *,
    safety: Mapping[str, str] | None = None,
    ids: bool = True,
    labels: bool = False,
    files_url: str = "",
) -> _Fields:
    """Return the body that asks a model.

    Args:
        safety: Thresholds by category.
        ids: Whether calls and results carry ids.
        labels: Whether the API takes labels, which metadata becomes.
        files_url: Where the ids of uploaded files lead to, or empty where there are none.

    Raises:
        InvalidRequest: This provider cannot be asked for it.
    """
    family = family_of(model)
    contents = Contents(chat, dropped, family=family, ids=ids, files_url=files_url)
    body: _Fields = {"contents": contents.turns()}
    if system := contents.system():
        body["systemInstruction"] = system
    if tools := _tools(chat, family, dropped):
        body["tools"] = tools
        if config := _tool_config(chat.choice):
            body["toolConfig"] = config
    if generation := _generation(chat, family, dropped):
        body["generationConfig"] = generation
    if safety:
        body["safetySettings"] = [{"category": name, "threshold": value} for name, value in safety.items()]
    if chat.service_tier in TIERS:
        body["serviceTier"] = TIERS[chat.service_tier]
    elif chat.service_tier not in (None, "auto"):
        dropped.drop("service_tier")
    _drop(chat, dropped, body, labels=labels)
    return body


def _drop(chat: Chat, dropped: Dropped, body: _Fields, *, labels: bool) -> None:
    """Note the hints that this API lacks. Metadata are labels where there are some."""
    if chat.parallel_calls is False:
        dropped.drop("parallel_tool_calls")
    for name in ("logit_bias", "user"):
        if getattr(chat, name):
            dropped.drop(name)
    if chat.metadata:
        if labels and all(_is_label(text) for pair in chat.metadata.items() for text in pair):
            body["labels"] = chat.metadata
        else:
            dropped.drop("metadata")
    for name in chat.extra:
        dropped.drop(name)


def _is_label(text: str) -> bool:
    """Say whether a text may stand in a label: https://cloud.google.com/resource-manager/docs/labels-overview."""
    plain = text.replace("-", "").replace("_", "")
    return len(text) <= 63 and text == text.lower() and (plain.isalnum() or not plain)


def _tools(chat: Chat, family: Family, dropped: Dropped) -> list[_Fields]:
    choice = chat.choice
    # Where no call is forced, the API cannot narrow the offer, so less is offered.
    narrowed = choice.allowed if choice is not None and choice.mode == "auto" else ()
    declared = [_declaration(tool, family, dropped) for tool in chat.tools if not narrowed or tool.name in narrowed]
    return [{"functionDeclarations": declared}] if declared else []


def _declaration(tool: Tool, family: Family, dropped: Dropped) -> _Fields:
    if tool.native is not None:
        raise dropped.unsupported(f"tool {tool.name!r}")
    if tool.cache is not None:
        dropped.drop("cache_control")
    declared: _Fields = {"name": tool.name}
    if tool.description:
        declared["description"] = tool.description
    # A function without parameters has none; an empty object is refused.
    if tool.parameters and tool.parameters.get("properties"):
        if family.subset:
            declared["parameters"] = subset_schema(tool.parameters)
        else:
            declared["parametersJsonSchema"] = whole_schema(tool.parameters)
    return declared


def _tool_config(choice: ToolChoice | None) -> _Fields | None:
    if choice is None:
        return None
    calling: _Fields = {"mode": {"auto": "AUTO", "none": "NONE"}.get(choice.mode, "ANY")}
    if choice.mode == "one" and choice.name:
        calling["allowedFunctionNames"] = [choice.name]
    elif choice.mode == "required" and choice.allowed:
        calling["allowedFunctionNames"] = list(choice.allowed)
    return {"functionCallingConfig": calling}


_SAME = {
    "max_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "seed": "seed",
}
MAX_STOPS = 5
SEEDS = 1 << 31
"""A seed is a signed number of 32 bits; OpenAI's has 64."""


def _generation(chat: Chat, family: Family, dropped: Dropped) -> _Fields:
    found = {theirs: value for ours, theirs in _SAME.items() if (value := getattr(chat, ours)) is not None}
    if not -SEEDS <= found.get("seed", 0) < SEEDS:
        found["seed"] %= SEEDS
    if chat.stop:
        if len(chat.stop) > MAX_STOPS:
            raise dropped.unsupported(f"stop of over {MAX_STOPS} texts")
        found["stopSequences"] = list(chat.stop)
    if chat.n > 1:
        found["candidateCount"] = chat.n
    if chat.logprobs:
        found["responseLogprobs"] = True
        if chat.top_logprobs:
            found["logprobs"] = chat.top_logprobs
    if chat.format is not None:
        found.update(_format(chat.format, family))
    if thinking := _thinking(chat.reasoning, family, dropped):
        found["thinkingConfig"] = thinking
    return found


def _format(wanted: Format, family: Family) -> _Fields:
    found: _Fields = {"responseMimeType": "application/json"}
    if wanted.kind == "schema" and wanted.schema:
        if family.subset:
            found["responseSchema"] = subset_schema(wanted.schema)
        else:
            found["responseJsonSchema"] = whole_schema(wanted.schema)
    return found


def _thinking(reasoning: Reasoning | None, family: Family, dropped: Dropped) -> _Fields | None:
    """Return how to think. A budget and a level are never told together: the API refuses that."""
    if reasoning is None:
        return None
    if not family.thinks:
        if reasoning.enabled is not False:
            dropped.drop("reasoning_effort" if reasoning.effort else "thinking")
        return None
    found: _Fields = {} if reasoning.shown is None else {"includeThoughts": reasoning.shown}
    if family.thinks == "level":
        levels = PRO_LEVELS if family.pro else LEVELS
        if reasoning.enabled is False:
            found["thinkingLevel"] = levels["minimal"]
        elif reasoning.budget is not None:
            found["thinkingBudget"] = reasoning.budget
        elif reasoning.effort in levels:
            found["thinkingLevel"] = levels[reasoning.effort]
    elif reasoning.enabled is False:
        found["thinkingBudget"] = family.budget.off
    elif (tokens := reasoning.budget or EFFORTS.get(reasoning.effort or "")) is not None:
        found["thinkingBudget"] = max(family.budget.least, min(tokens, family.budget.most))
    elif reasoning.enabled:
        found["thinkingBudget"] = -1  # as much as it wants
    return found
