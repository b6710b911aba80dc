"""From the form to the body of a request, without what differs between the platforms that serve Claude."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped

from .blocks import BlockWriter, Fields
from .schema import fitted
from .tables import DEFAULT_MAX_TOKENS, FILES_BETA, SERVICE_TIERS, Model, model_of
from .thinking import HINT, thinks, write_thinking
from .toolset import forces, write_tools
from .turns import in_bare_tool_loop, settle_end, write_turns

JSON_HINT = "Answer with one JSON object and nothing else."
_HINTS = ("frequency_penalty", "presence_penalty", "logit_bias", "metadata")
_MEANT = ("audio", "modalities", "web_search_options")
"""Fields of OpenAI's whose answers are others than those without them."""
_HARMLESS = (None, False, ["text"])
"""Values of its fields that ask for nothing: what is so anyway."""
# The API refuses names that tell who somebody is.
_PERSONAL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\+?[\d\s().-]{7,}")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a platform, and the version of its API, adds to what the model says.

    Attributes:
        max_tokens: Of answers to requests that do not limit them; None for what the model's table says.
        samples: Whether temperature, top_p and top_k may be sent at all.
        fetches: Whether images and documents may be named by URL.
        tiers: Whether ``service_tier`` may be sent.
    """

    max_tokens: int | None = None
    samples: bool = True
    fetches: bool = True
    tiers: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """A request: its fields but for ``model`` and ``stream``, and the names of the betas that it needs."""

    fields: Fields
    betas: tuple[str, ...] = ()


def write_request(chat: Chat, model_name: str, terms: Terms, dropped: Dropped) -> Message:
    """Return what asks a model for what a chat wants.

    Raises:
        InvalidRequest: It cannot be asked for it, or the chat means nothing.
    """
    model = model_of(model_name)
    _refuse(chat, model, dropped)
    writer = BlockWriter(dropped, dialect=chat.dialect, fetches=terms.fetches)
    tools = write_tools(chat, model, writer, dropped)
    system = [written for block in chat.system if (written := writer.text(block)) is not None]
    messages = write_turns(chat.turns, writer)
    if chat.format is not None and chat.format.kind == "json":
        system.append({"type": "text", "text": JSON_HINT})
    if not messages:  # instructions alone are all that is said, so they are what is to be answered
        messages, system = [{"role": "user", "content": system}], []
    if not messages[0]["content"]:
        raise InvalidRequest("the messages have no text in them", param="messages")
    fields: Fields = {"max_tokens": _limit(chat, terms, model, dropped), "messages": messages, **tools}
    if system:
        fields["system"] = system
    if chat.format is not None and chat.format.kind == "schema":
        fields["output_config"] = {"format": {"type": "json_schema", "schema": fitted(chat.format.schema or {})}}
    _think(fields, chat, model, dropped)
    settle_end(messages, prefills=model.prefills and not _is_thinking(fields))
    _sample(fields, chat, terms.samples and model.samples, model, dropped)
    _add_rest(fields, chat, terms, dropped)
    writer.thin_marks()
    return Message(fields, (FILES_BETA,) if writer.needs_files else ())


def _refuse(chat: Chat, model: Model, dropped: Dropped) -> None:
    """Raise InvalidRequest for what changes the answer's meaning and cannot be had, and note what only would help."""
    if chat.n > 1:
        raise dropped.unsupported("n above 1")
    if chat.logprobs or chat.top_logprobs:
        raise dropped.unsupported("logprobs")
    if chat.format is not None and chat.format.kind == "schema" and not model.schemas:
        raise dropped.unsupported("response_format json_schema, with this model")
    for name in _HINTS:
        if getattr(chat, name):
            dropped.drop(name)
    if chat.seed is not None:
        dropped.drop("seed")


def _limit(chat: Chat, terms: Terms, model: Model, dropped: Dropped) -> int:
    """Return the tokens that the answer may have; a request has to say so. More than the model can is refused."""
    if chat.max_tokens is None:
        return min(terms.max_tokens or DEFAULT_MAX_TOKENS, model.max_tokens)
    if chat.max_tokens > model.max_tokens:
        dropped.drop("max_tokens")
    return min(chat.max_tokens, model.max_tokens)


def _think(fields: Fields, chat: Chat, model: Model, dropped: Dropped) -> None:
    if chat.reasoning is None:
        return
    # Of two things that exclude each other, a call that has to be made is worth more than thinking about it.
    excluded = forces(chat) or (model.thinking == "budget" and in_bare_tool_loop(fields["messages"]))
    if excluded and thinks(chat.reasoning):
        dropped.drop(HINT)
        return
    write_thinking(fields, chat.reasoning, model, dropped, limited=chat.max_tokens is not None)


def _is_thinking(fields: Fields) -> bool:
    return "thinking" in fields and fields["thinking"]["type"] != "disabled"


def _sample(fields: Fields, chat: Chat, samples: bool, model: Model, dropped: Dropped) -> None:
    """Add how to choose among likely words. To leave out what is the default anyway changes nothing."""
    if not samples or _is_thinking(fields):
        for name in ("temperature", "top_p", "top_k"):
            value = getattr(chat, name)
            if value is not None and not (name != "top_k" and value == 1):
                dropped.drop(name)
        return
    if chat.temperature is not None:
        if chat.temperature > 1:  # OpenAI's go to 2
            dropped.drop("temperature")
        fields["temperature"] = min(chat.temperature, 1.0)
    if chat.top_p is not None:
        if chat.temperature is None or model.samples_pair:
            fields["top_p"] = chat.top_p
        elif chat.top_p != 1:
            dropped.drop("top_p")
    if chat.top_k is not None:
        fields["top_k"] = chat.top_k


def _add_rest(fields: Fields, chat: Chat, terms: Terms, dropped: Dropped) -> None:
    stops = [text for text in chat.stop if text.strip()]
    if len(stops) < len(chat.stop):
        dropped.drop("stop")
    if stops:
        fields["stop_sequences"] = stops
    if chat.user:
        if _PERSONAL.fullmatch(chat.user):
            dropped.drop("user")
        else:
            fields["metadata"] = {"user_id": chat.user}
    if chat.service_tier is not None:
        if terms.tiers and chat.service_tier in SERVICE_TIERS:
            fields["service_tier"] = SERVICE_TIERS[chat.service_tier]
        else:
            dropped.drop("service_tier")
    for name, value in chat.extra.items():
        if chat.dialect == "anthropic":
            fields.setdefault(name, value)
        elif value in _HARMLESS:
            continue
        elif name in _MEANT:
            raise dropped.unsupported(name)
        else:
            dropped.drop(name)
