"""Names of tools that are too long for OpenAI: Anthropic's callers may use twice as many characters."""

from __future__ import annotations

from hashlib import blake2b

from sluicegate.pipeline.form.chat import Chat

LONGEST = 64
_KEPT = 47
"""Characters that stay of a long name, so that a model can make something of it."""


def short_name(name: str) -> str:
    """Return a tool's name, or another that stands for it, the same each time, where it is too long."""
    if len(name) <= LONGEST:
        return name
    return f"{name[:_KEPT]}_{blake2b(name.encode(), digest_size=8).hexdigest()}"


def long_names(chat: Chat) -> dict[str, str]:
    """Return the tools' own names by those that stand for them."""
    return {short_name(tool.name): tool.name for tool in chat.tools if len(tool.name) > LONGEST}
