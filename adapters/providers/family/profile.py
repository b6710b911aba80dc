"""What a provider of the family does otherwise than OpenAI. Data alone: who reads it stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..openai.urls import PATHS

ErrorKind = Literal["again", "busy", "elsewhere", "key", "quota", "caller", "filtered", "model"]
"""What to make of an error: ask again; wait; ask another target; the gateway's own key or quota; the caller's request;
what it asks is not allowed to be answered; a model that is not there."""
_NOTHING: frozenset[str] = frozenset()
_OPENAI_PARTS = frozenset({"text", "refusal", "image_url", "input_audio", "file"})


@dataclass(frozen=True, slots=True)
class ErrorRules:
    """How errors are read beyond what `ErrorTable` knows.

    Attributes:
        codes: By the code, or else the type, that the body names.
        statuses: By the HTTP status, where the codes say nothing.
        resets: Headers that tell when a limit is whole again, for answers without ``retry-after``.
    """

    codes: Mapping[str, ErrorKind] = field(default_factory=dict)
    statuses: Mapping[int, ErrorKind] = field(default_factory=dict)
    resets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageRules:
    """What a provider wants messages to look like.

    Attributes:
        roles: Roles by other names.
        strip: Keys to take out of every message, in silence: they are what answers carry.
        reasoning: The key by which an assistant's earlier reasoning goes back, or empty to take it out.
        named: Roles that may have a ``name``; None for all.
        parts: Types of content parts that the API takes; another of OpenAI's is refused. A provider's own pass.
        text_only: Content must be a string: text parts are joined.
        system_first: System messages stand together in front.
        system_as_user: There is no system role: it is said by the user.
        alternate: User and assistant take turns, and the user begins.
        nine_letter_ids: Ids of tool calls are nine letters or digits.
        after_tool: What the assistant says between the result of a tool and a user; empty where nobody needs it.
        hints: Marks of what to cache stay in content parts.
        prefix: An answer that is to be continued says so with ``prefix: true``.
    """

    roles: Mapping[str, str] = field(default_factory=lambda: {"developer": "system"})
    strip: frozenset[str] = _NOTHING
    reasoning: str = ""
    named: frozenset[str] | None = None
    parts: frozenset[str] = _OPENAI_PARTS
    text_only: bool = False
    system_first: bool = False
    system_as_user: bool = False
    alternate: bool = False
    nine_letter_ids: bool = False
    after_tool: str = ""
    prefix: bool = False
    hints: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider's differences.

    Attributes:
        base_url: Where its API is.
        paths: The path of each operation it has, below the base.
        messages: What it wants messages to look like.
        allowed: The only fields of a chat that it takes; None for all.
        drops: Fields of a chat to leave out, with a note.
        refuses: Fields of a chat that change its meaning and that it lacks.
        renames: Fields of a chat by their names here.
        values: For a field of text, what to send in place of each text; None leaves the field out.
        embedding_drops: As ``drops``, for embeddings.
        embedding_renames: As ``renames``, for embeddings.
        base64: Whether it gives embeddings in base64 where it is asked to.
        int8: Whether embeddings come as base64 of one byte for each number.
        one_choice: Whether ``n`` above 1 is refused.
        stop_list: Whether ``stop`` must be a list.
        stream_options: Whether it takes them; False where usage comes unasked, or never.
        tool_types: Whether tools and choices of OpenAI's own other types are taken.
        mends: Whether answers need more than passing on.
        tiers: Service tiers of answers, by OpenAI's names.
        think_tags: Whether reasoning stands in the content, between tags.
        drop_keys: Keys to take out of answers' top level, choices and messages.
        citations: Whether ``[1]`` in the content points into a list of sources.
        errors: How errors are read.
        media_drops: By operation of `MEDIA`, fields to leave out, with a note.
    """

    base_url: str
    paths: Mapping[str, str] = field(default_factory=lambda: PATHS)
    messages: MessageRules = field(default_factory=MessageRules)
    allowed: frozenset[str] | None = None
    drops: frozenset[str] = _NOTHING
    refuses: frozenset[str] = _NOTHING
    renames: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    embedding_drops: frozenset[str] = _NOTHING
    embedding_renames: Mapping[str, str] = field(default_factory=dict)
    base64: bool = True
    int8: bool = False
    one_choice: bool = False
    stop_list: bool = False
    stream_options: bool = True
    tool_types: bool = False
    mends: bool = True
    tiers: Mapping[str, str] = field(default_factory=dict)
    think_tags: bool = False
    drop_keys: frozenset[str] = _NOTHING
    citations: bool = False
    errors: ErrorRules = field(default_factory=ErrorRules)
    media_drops: Mapping[str, frozenset[str]] = field(default_factory=dict)
