"""What turns and answers are made of."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class CacheMark(msgspec.Struct, frozen=True):
    """Asks the provider to keep the prompt up to here. ``ttl`` is as the caller wrote it, such as ``5m`` or ``1h``."""

    ttl: str | None = None


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Plain text.

    Attributes:
        citations: Where it comes from; each with ``url`` and ``title`` where these are known, and whatever else the
            provider said.
    """

    text: str
    cache: CacheMark | None = None
    citations: tuple[dict[str, Any], ...] = ()


class Image(msgspec.Struct, frozen=True, tag="image"):
    """An image: by URL, or ``data`` in base64 with its ``media_type``; one of both is there."""

    url: str | None = None
    data: str | None = None
    media_type: str = ""
    detail: str | None = None
    cache: CacheMark | None = None


class Audio(msgspec.Struct, frozen=True, tag="audio"):
    """A sound, in base64. ``format`` is a short name, such as ``wav``."""

    data: str
    format: str
    cache: CacheMark | None = None


class File(msgspec.Struct, frozen=True, tag="file"):
    """A document: ``data`` in base64 with its ``media_type``, ``text``, a ``url``, or the provider's ``file_id``."""

    data: str | None = None
    media_type: str = ""
    text: str | None = None
    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    cache: CacheMark | None = None


class Thinking(msgspec.Struct, frozen=True, tag="thinking"):
    """What the model thought before it answered.

    Attributes:
        signature: The provider's proof that the text is its own. It goes back as it came, or not at all.
        redacted: What the provider shows in no readable form; then ``text`` is empty.
    """

    text: str = ""
    signature: str | None = None
    redacted: str | None = None


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """What the model said in place of an answer."""

    text: str


class ToolCall(msgspec.Struct, frozen=True, tag="call"):
    """A call that the model makes.

    Attributes:
        arguments: A JSON object as text, spelled as the model wrote it.
        signature: What the provider wants back with the call, as Gemini's ``thoughtSignature``.
    """

    id: str
    name: str
    arguments: str = "{}"
    signature: str | None = None
    cache: CacheMark | None = None


class ToolResult(msgspec.Struct, frozen=True, tag="result"):
    """What a call gave.

    Attributes:
        id: The call's.
        name: The tool's, where it is known: some APIs want it.
        blocks: `Text`, `Image` or `File`.
        failed: Whether the tool says that it failed.
    """

    id: str
    blocks: tuple[Text | Image | File, ...] = ()
    name: str | None = None
    failed: bool = False
    cache: CacheMark | None = None


class Foreign(msgspec.Struct, frozen=True, tag="foreign"):
    """A block of one dialect that no other knows, as it came. Only who speaks that dialect may send it on."""

    dialect: str
    value: dict[str, Any]


Block = Text | Image | Audio | File | Thinking | Refusal | ToolCall | ToolResult | Foreign
Role = Literal["system", "user", "assistant"]


class Turn(msgspec.Struct, frozen=True):
    """What one side says, in order.

    Results of tools stand in turns of the user, before anything else in them. Two turns of one role may follow each
    other; who needs them merged merges them. ``system`` is for what comes in the middle of a conversation: what comes
    before it is `Chat.system`.
    """

    role: Role
    blocks: tuple[Block, ...]
    name: str | None = None
