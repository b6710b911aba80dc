"""From a request to what it asks, in the form."""

from __future__ import annotations

from typing import Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.blocks import Text
from sluicegate.pipeline.form.chat import Chat, Tool, ToolChoice
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import decode_whole
from sluicegate.pipeline.schemas.generate import CallingConfig, Declaration, GenerateRequest, many

from .parts import Reader
from .schema import json_schema
from .settings import IN_CONFIG, settings_of


class _Content(msgspec.Struct):
    """A content whose parts stay as they came."""

    role: str | None = None
    parts: msgspec.Raw = msgspec.Raw(b"null")

    def each(self) -> list[msgspec.Raw]:
        """Return the parts one by one: there may be one in place of a list."""
        return [self.parts] if bytes(self.parts)[:1] == b"{" else _RAWS.decode(self.parts) or []


class _Ids(msgspec.Struct):
    id: str | None = None


class _Named(msgspec.Struct, rename="camel"):
    function_call: _Ids | None = None


_RAWS = msgspec.json.Decoder(list[msgspec.Raw] | None)
_CONTENTS = msgspec.json.Decoder(list[_Content] | _Content)
_NAMED = msgspec.json.Decoder(_Named)
_TOOLS = msgspec.json.Decoder(list[dict[str, Any]] | dict[str, Any] | None)
_CONFIG = msgspec.json.Decoder(dict[str, Any] | None)
_IN_FORM = frozenset(
    [
        "cachedContent",
        "contents",
        "generationConfig",
        "labels",
        "model",
        "serviceTier",
        "stream",
        "systemInstruction",
        "toolConfig",
        "tools",
    ]
)
_TIERS = {"standard": "default"}


def read(request: Request) -> Chat:
    """Return what a request asks.

    What is said is taken from the fields as they are now, which stages may have changed; the settings from the typed
    view.

    Raises:
        InvalidRequest: `validate` has not seen it, or only Gemini itself can be asked for it.
    """
    typed = request.typed
    if not isinstance(typed, GenerateRequest):
        raise InvalidRequest("only what `validate` has let through can be told to a provider of another API")
    if typed.cached_content:
        raise _only_gemini("cachedContent")
    fields = request.fields
    contents = [(content.role or "user", content.each()) for content in many(_CONTENTS.decode(fields["contents"]))]
    taken = frozenset(id_ for _, parts in contents for part in parts if (id_ := _id_of(part)))
    tools = _offers(fields.get("tools"))
    calling = typed.tool_config.function_calling_config if typed.tool_config is not None else None
    tier = typed.service_tier.lower() if typed.service_tier else None
    return Chat(
        dialect="gemini",
        model=typed.model,
        system=_instructions(fields.get("systemInstruction"), typed),
        turns=Reader(taken).turns(contents),
        tools=tools,
        choice=_choice(calling) if calling is not None and tools else None,
        metadata=typed.labels or None,
        service_tier=_TIERS.get(tier, tier) if tier is not None else None,
        stream=bool(typed.stream),
        usage_wanted=True,
        extra=_extra(fields),
        **settings_of(typed.generation_config),
    )


def _only_gemini(name: str) -> InvalidRequest:
    told = f"{name}: only Gemini's own API has it, and this model is not asked by that"
    return InvalidRequest(told, code="unsupported_parameter", param=name)


def _id_of(part: msgspec.Raw) -> str | None:
    call = _NAMED.decode(part).function_call
    return call.id if call is not None else None


def _extra(fields: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """Return what a chat has no place for. Null is how a caller leaves a field out."""
    decoded = {name: decode_whole(raw) for name, raw in fields.items() if name not in _IN_FORM}
    config = decode_whole(fields["generationConfig"], _CONFIG) if "generationConfig" in fields else None
    for name, value in (config or {}).items():
        if name not in IN_CONFIG:
            decoded[f"generationConfig.{name}"] = value
    return {name: value for name, value in decoded.items() if value is not None}


def _instructions(raw: msgspec.Raw | None, typed: GenerateRequest) -> tuple[Text, ...]:
    if raw is None or typed.system_instruction is None:
        return ()
    parts = many(typed.system_instruction.parts)
    if any(part.text is None for part in parts):
        raise _only_gemini("systemInstruction of anything but text")
    return tuple(Text(part.text) for part in parts if part.text)


def _offers(raw: msgspec.Raw | None) -> tuple[Tool, ...]:
    found: list[Tool] = []
    for tool in many(decode_whole(raw, _TOOLS) if raw is not None else None):
        for name, value in tool.items():
            if name != "functionDeclarations":
                found.append(Tool(name, native={name: value}))
                continue
            found += [_offer(msgspec.convert(each, Declaration)) for each in value or ()]
    return tuple(found)


def _offer(declared: Declaration) -> Tool:
    parameters = declared.parameters_json_schema
    if parameters is None and declared.parameters is not None:
        parameters = json_schema(declared.parameters)
    return Tool(declared.name, declared.description, parameters)


def _choice(calling: CallingConfig) -> ToolChoice | None:
    allowed = tuple(calling.allowed_function_names or ())
    mode = (calling.mode or "AUTO").upper()
    if mode == "NONE":
        return ToolChoice("none")
    if mode == "ANY":
        return ToolChoice("one", allowed[0]) if len(allowed) == 1 else ToolChoice("required", allowed=allowed)
    return ToolChoice("auto", allowed=allowed)
