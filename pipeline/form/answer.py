"""What is answered, as a whole."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..reply import Usage
from .blocks import Block

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why an answer ended: by itself or at a stop text, at the limit of tokens, to have tools called, or withheld."""


class Choice(msgspec.Struct, frozen=True):
    """One of the answers.

    Attributes:
        blocks: `Thinking`, `Text`, `Refusal`, `ToolCall` and `Foreign`, in the order in which they came.
        stop_text: The stop text that ended it, where that is known.
        logprobs: As OpenAI has them.
    """

    blocks: tuple[Block, ...]
    finish: Finish = "stop"
    index: int = 0
    stop_text: str | None = None
    logprobs: dict[str, Any] | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer.

    Attributes:
        id: The provider's, or empty; the dialect makes one then.
        model: What the provider says that answered.
        created: Seconds since the epoch; 0 where the provider does not say.
    """

    id: str = ""
    model: str = ""
    created: int = 0
    choices: tuple[Choice, ...]
    usage: Usage | None = None
