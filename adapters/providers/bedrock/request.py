"""A chat as the body of ``Converse``, and of ``ConverseStream``, which is the same.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

from ..anthropic.request import JSON_HINT
from ..anthropic.schema import fitted
from ..anthropic.tables import Model, model_of
from .blocks import BlockWriter, Fields
from .tables import BETAS, MAX_METADATA, METADATA, MORE, PASSED, TIERS, Family, family_of
from .thinking import write_thinking
from .toolset import write_tools
from .turns import settle_end, write_turns

_HINTS = ("frequency_penalty", "presence_penalty", "logit_bias", "user")
_MEANT = ("audio", "modalities", "web_search_options")
"""Fields of OpenAI's whose answers are others than those without them."""
_HARMLESS = (None, False, ["text"])
"""Values of its fields that ask for nothing: what is so anyway."""


def body_of(chat: Chat, model_name: str, dropped: Dropped) -> Fields:
    """Return what asks a model for what a chat wants.

    Raises:
        InvalidRequest: It cannot be asked for it, or the chat means nothing.
    """
    family = family_of(model_name, chat.model)
    named = model_name if "claude" in model_name.lower() else chat.model
    model = model_of(named)
    _refuse(chat, family, model, dropped)
    writer = BlockWriter(dropped, family)
    config, choice = write_tools(chat, family, model, writer, dropped)
    system: list[Fields] = []
    for block in chat.system:
        writer.add(block, system)
    messages = write_turns(chat.turns, writer)
    if chat.format is not None and chat.format.kind == "json":
        system.append({"text": JSON_HINT})
    if not messages:  # instructions alone are all that is said, so they are what is to be answered
        messages, system = [{"role": "user", "content": system}], []
    if not messages[0]["content"]:
        raise InvalidRequest("the messages have no text in them", param="messages")
    body: Fields = {"messages": messages}
    more: Fields = {}
    if system:
        body["system"] = system
    if config is not None:
        body["toolConfig"] = config
    if choice is not None:
        more["tool_choice"] = choice
    if chat.format is not None and chat.format.kind == "schema":
        body["outputConfig"] = {"textFormat": _text_format(chat, family)}
    inference = write_thinking(body, more, chat, family, model, dropped)
    thinking = _is_thinking(more)
    settle_end(messages, prefills=family.prefills or (family.thinks == "claude" and model.prefills and not thinking))
    _sample(inference, more, chat, family, model, dropped, thinking=thinking)
    _add_rest(body, inference, more, chat, family, dropped)
    if inference:
        body["inferenceConfig"] = inference
    if more:
        body[MORE] = more
    writer.thin_marks()
    return body


def _refuse(chat: Chat, family: Family, model: Model, dropped: Dropped) -> None:
    """Raise InvalidRequest for what changes the answer's meaning and cannot be had, and note what only would help."""
    if chat.n > 1:
        raise dropped.unsupported("n", "n above 1")
    if chat.logprobs or chat.top_logprobs:
        raise dropped.unsupported("logprobs")
    wanted = chat.format is not None and chat.format.kind == "schema"
    if wanted and not (model.schemas if family.thinks == "claude" else family.schemas):
        raise dropped.unsupported("response_format", "response_format json_schema, with this model")
    for name in _HINTS:
        if getattr(chat, name):
            dropped.drop(name)
    if chat.seed is not None:
        dropped.drop("seed")


def _text_format(chat: Chat, family: Family) -> Fields:
    assert chat.format is not None
    schema = chat.format.schema or {}
    told: Fields = {"schema": msgspec.json.encode(fitted(schema) if family.thinks == "claude" else schema).decode()}
    if chat.format.name:
        told["name"] = chat.format.name
    if chat.format.description:
        told["description"] = chat.format.description
    return {"type": "json_schema", "structure": {"jsonSchema": told}}


def _is_thinking(more: Fields) -> bool:
    return "thinking" in more and more["thinking"]["type"] != "disabled"


def _sample(
    inference: Fields, more: Fields, chat: Chat, family: Family, model: Model, dropped: Dropped, *, thinking: bool
) -> None:
    """Add how to choose among likely words. To leave out what is the default anyway changes nothing."""
    claude = family.thinks == "claude"
    if claude and (thinking or not model.samples):
        for name in ("temperature", "top_p", "top_k"):
            value = getattr(chat, name)
            if value is not None and not (name != "top_k" and value == 1):
                dropped.drop(name)
        return
    if chat.temperature is not None:
        if chat.temperature > 1:  # OpenAI's go to 2
            dropped.drop("temperature")
        inference["temperature"] = min(chat.temperature, 1.0)
    if chat.top_p is not None:
        if not claude or chat.temperature is None or model.samples_pair:
            inference["topP"] = chat.top_p
        elif chat.top_p != 1:
            dropped.drop("top_p")
    if chat.top_k is None:
        return
    if not family.top_k:
        dropped.drop("top_k")
        return
    place = more
    for name in family.top_k[:-1]:
        place = place.setdefault(name, {})
    place[family.top_k[-1]] = chat.top_k


def _add_rest(body: Fields, inference: Fields, more: Fields, chat: Chat, family: Family, dropped: Dropped) -> None:
    stops = [text for text in chat.stop if text.strip()]
    if len(stops) < len(chat.stop):
        dropped.drop("stop")
    if stops:
        inference["stopSequences"] = stops
    if chat.metadata:
        fits = all(METADATA.fullmatch(text) for pair in chat.metadata.items() for text in pair)
        if fits and len(chat.metadata) <= MAX_METADATA:
            body["requestMetadata"] = dict(chat.metadata)
        else:
            dropped.drop("metadata")
    if chat.service_tier is not None and chat.service_tier in TIERS:
        body["serviceTier"] = {"type": TIERS[chat.service_tier]}
    elif chat.service_tier not in (None, "auto"):
        dropped.drop("service_tier")
    betas = [name for name in chat.betas if name in BETAS]
    if betas and family.thinks == "claude":
        more["anthropic_beta"] = betas
    for name, value in chat.extra.items():
        _add_extra(body, more, name, value, chat, family, dropped)


def _add_extra(body: Fields, more: Fields, name: str, value: Any, chat: Chat, family: Family, dropped: Dropped) -> None:
    """Add a field that has no place in the form: it may be one of Converse's own, or of the model's."""
    if name == MORE or name in PASSED:
        if not isinstance(value, dict):
            raise InvalidRequest(f"{name} must be an object", param=name)
        if name == MORE:
            more.update(value)  # whoever knows the model's own words means them
        else:
            body[name] = value
    elif chat.dialect == "anthropic" and family.thinks == "claude":
        more.setdefault(name, value)
    elif value in _HARMLESS:
        return
    elif name in _MEANT:
        raise dropped.unsupported(name)
    else:
        dropped.drop(name)
