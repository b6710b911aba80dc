"""Tools that a caller offers, the choice among them, and the calls a model made of them.

A tool or choice of a type that the OpenAI API does not know is a provider's own (``web_search``) and passes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .fields import Name

ToolType = Annotated[str, Meta(min_length=1)]


class FunctionDefinition(msgspec.Struct, kw_only=True, frozen=True):
    """A function: its parameters are a JSON Schema, which nobody here interprets."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Grammar(msgspec.Struct, kw_only=True, frozen=True):
    """What the input of a custom tool must look like."""

    definition: str
    syntax: Literal["lark", "regex"]


class CustomFormat(msgspec.Struct, kw_only=True, frozen=True):
    """The input of a custom tool: free text, or bound by a grammar."""

    type: Literal["text", "grammar"]
    grammar: Grammar | None = None


class CustomDefinition(msgspec.Struct, kw_only=True, frozen=True):
    """A tool whose input is text instead of JSON."""

    name: Name
    description: str | None = None
    format: CustomFormat | None = None


class Tool(msgspec.Struct, kw_only=True, frozen=True):
    """A tool on offer; type ``function`` requires ``function``, type ``custom`` requires ``custom``."""

    type: ToolType
    function: FunctionDefinition | None = None
    custom: CustomDefinition | None = None


class ToolName(msgspec.Struct, kw_only=True, frozen=True):
    """A tool by its name."""

    name: str


class AllowedTools(msgspec.Struct, kw_only=True, frozen=True):
    """A choice among some of the tools on offer."""

    mode: Literal["auto", "required"]
    tools: list[dict[str, Any]]


class NamedToolChoice(msgspec.Struct, kw_only=True, frozen=True):
    """A forced tool, or a narrower choice of tools."""

    type: ToolType
    function: ToolName | None = None
    custom: ToolName | None = None
    allowed_tools: AllowedTools | None = None


ToolChoice = Literal["none", "auto", "required", "any"] | NamedToolChoice
"""Whether to call a tool and which. ``any`` is how some providers spell ``required``."""
FunctionChoice = Literal["none", "auto"] | ToolName
"""The same, before there were tools."""


class FunctionCall(msgspec.Struct, kw_only=True, frozen=True):
    """A call of a function; ``arguments`` is JSON in a string, as the model wrote it."""

    name: str
    arguments: str


class CustomCall(msgspec.Struct, kw_only=True, frozen=True):
    """A call of a custom tool."""

    name: str
    input: str


class ToolCall(msgspec.Struct, kw_only=True, frozen=True):
    """A call that the model made. Some providers leave ``type`` out of what they answer, so it may come back so."""

    id: str
    type: ToolType = "function"
    function: FunctionCall | None = None
    custom: CustomCall | None = None
