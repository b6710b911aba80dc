"""What a stream tells, piece by piece.

A stream is one `Begin`, then pieces, then for each choice one `End`, and `Count` wherever the provider tells of tokens;
the last one stands. Pieces of one kind that follow each other belong together; a piece of another kind begins a new
block. A tool call is `CallBegin`, then any number of `CallPart` with the same ``slot``, which make up a JSON object;
if they are empty together, the call has no arguments. Slots count the calls of a choice from 0.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..reply import Usage
from .answer import Finish


class Begin(msgspec.Struct, frozen=True):
    """The answer begins. See `Answer` for the fields; ``usage`` is what is known of the prompt by now."""

    id: str = ""
    model: str = ""
    created: int = 0
    usage: Usage | None = None


class TextPart(msgspec.Struct, frozen=True):
    """More text. ``logprobs`` as OpenAI has them."""

    text: str
    choice: int = 0
    logprobs: dict[str, Any] | None = None


class Cited(msgspec.Struct, frozen=True):
    """Where the text so far comes from; see `Text.citations`."""

    citation: dict[str, Any]
    choice: int = 0


class ThinkingPart(msgspec.Struct, frozen=True):
    """More of what the model thinks, the signature of all of it so far, or a redacted piece."""

    text: str = ""
    signature: str | None = None
    redacted: str | None = None
    choice: int = 0


class RefusalPart(msgspec.Struct, frozen=True):
    """More of a refusal."""

    text: str
    choice: int = 0


class CallBegin(msgspec.Struct, frozen=True):
    """A tool call begins."""

    slot: int
    id: str
    name: str
    signature: str | None = None
    choice: int = 0


class CallPart(msgspec.Struct, frozen=True):
    """More of a call's arguments."""

    slot: int
    text: str
    choice: int = 0


class End(msgspec.Struct, frozen=True):
    """A choice has come to its end."""

    finish: Finish = "stop"
    choice: int = 0
    stop_text: str | None = None


class Count(msgspec.Struct, frozen=True):
    """The tokens so far."""

    usage: Usage


Event = Begin | TextPart | Cited | ThinkingPart | RefusalPart | CallBegin | CallPart | End | Count
CONTENT = (TextPart, ThinkingPart, RefusalPart, CallBegin, CallPart)
"""What a client would show or act upon; the commit point waits for one of these."""
