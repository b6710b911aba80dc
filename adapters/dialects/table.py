"""The dialects by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from sluicegate.pipeline.form.sides import ChatDialect

MODULES = {"openai": "openai", "anthropic": "anthropic", "gemini": "gemini", "responses": "responses"}
"""Names of dialects, and the modules here that have them as ``DIALECT``; one is loaded when it is first spoken."""


@cache
def dialect_of(name: str) -> ChatDialect:
    """Return a dialect. Raises KeyError for a name that none has."""
    dialect: ChatDialect = import_module(f".{MODULES[name]}", __package__).DIALECT
    return dialect
