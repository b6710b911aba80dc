"""From a request for a chat completion to a chat in no dialect.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.chat import Chat, Format, Reasoning
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas import ChatRequest
from sluicegate.pipeline.schemas.decode import decode_whole

from .parts import NAME
from .tools import read_choice, read_tools
from .turns import read_turns

_PLACELESS = frozenset(
    {
        "audio",
        "modalities",
        "moderation",
        "prediction",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "store",
        "verbosity",
        "web_search_options",
    }
)
_READ = frozenset({*ChatRequest.__struct_encode_fields__, "top_k"}) - _PLACELESS
"""The fields that a chat has a place for; the others are its ``extra``."""


def read_chat(request: Request) -> Chat:
    """Return what a checked request asks. See `OpenAIDialect.read`."""
    typed = request.typed
    if not isinstance(typed, ChatRequest):
        raise InvalidRequest("only a chat that `validate` has let through can be told to a provider of another API")
    fields = request.fields
    system, turns = read_turns(typed.messages, decode_whole(fields["messages"]))
    tools = read_tools(typed, decode_whole(fields["tools"]) if typed.tools else [])
    logprobs = typed.logprobs
    counted = logprobs if type(logprobs) is int else None
    return Chat(
        dialect=NAME,
        model=typed.model,
        system=system,
        turns=turns,
        tools=tools,
        choice=read_choice(typed),
        # A caller of functions knows one call an answer.
        parallel_calls=False if typed.functions else typed.parallel_tool_calls,
        max_tokens=typed.max_completion_tokens or typed.max_tokens,
        temperature=typed.temperature,
        top_p=typed.top_p,
        top_k=_top_k(request),
        frequency_penalty=typed.frequency_penalty,
        presence_penalty=typed.presence_penalty,
        seed=typed.seed,
        stop=_stop(typed),
        n=typed.n or 1,
        logprobs=None if logprobs is None else bool(logprobs),
        top_logprobs=typed.top_logprobs if counted is None else counted,
        logit_bias=typed.logit_bias,
        format=_format(typed),
        reasoning=_reasoning(typed),
        user=typed.safety_identifier or typed.user,
        metadata=typed.metadata,
        service_tier=typed.service_tier,
        stream=bool(typed.stream),
        usage_wanted=typed.stream_options is not None and bool(typed.stream_options.include_usage),
        functions=bool(typed.functions),
        extra=_extra(request),
    )


def _stop(typed: ChatRequest) -> tuple[str, ...]:
    return (typed.stop,) if isinstance(typed.stop, str) else tuple(typed.stop or ())


def _top_k(request: Request) -> int | None:
    """Return ``top_k``, which OpenAI has not, but most servers that speak its API have."""
    value = decode_whole(request.fields["top_k"]) if "top_k" in request.fields else None
    if value is not None and type(value) is not int:
        raise InvalidRequest("top_k: must be an integer", param="top_k", code="invalid_type")
    return value


def _format(typed: ChatRequest) -> Format | None:
    form = typed.response_format
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return Format("json")
    if form.type == "json_schema" and (wanted := form.json_schema) is not None:
        return Format("schema", wanted.name, wanted.description, wanted.schema, wanted.strict)
    told = "response_format.type: only OpenAI's own kinds can be told to this provider"
    raise InvalidRequest(told, param="response_format.type", code="unsupported_parameter")


def _reasoning(typed: ChatRequest) -> Reasoning | None:
    effort = typed.reasoning_effort
    if effort is None:
        return None
    return Reasoning(enabled=False) if effort == "none" else Reasoning(enabled=True, effort=effort)


def _extra(request: Request) -> dict[str, Any]:
    """Return what a chat has no place for. Null is how a caller leaves a field out."""
    rest = ((name, raw) for name, raw in request.fields.items() if name not in _READ)
    decoded = ((name, decode_whole(raw)) for name, raw in rest)
    return {name: value for name, value in decoded if value is not None}
