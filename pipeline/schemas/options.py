"""The larger options of a chat request."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from .content import Content
from .fields import Name


class VoiceId(msgspec.Struct, kw_only=True, frozen=True):
    """A custom voice."""

    id: str


class AudioOutput(msgspec.Struct, kw_only=True, frozen=True):
    """How to speak the answer."""

    format: str
    voice: str | VoiceId


class JsonSchema(msgspec.Struct, kw_only=True, frozen=True):
    """A JSON Schema that the answer follows. The API requires the name, other providers do not."""

    name: Name | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct, kw_only=True, frozen=True):
    """The form of the answer: ``text``, ``json_object``, ``json_schema``, or a provider's own (``regex``)."""

    type: Annotated[str, Meta(min_length=1)]
    json_schema: JsonSchema | None = None


class Prediction(msgspec.Struct, kw_only=True, frozen=True):
    """Text that much of the answer will repeat."""

    type: Literal["content"]
    content: Content


class CacheOptions(msgspec.Struct, kw_only=True, frozen=True):
    """How the provider caches the prompt."""

    mode: str | None = None
    ttl: str | None = None


class ModerationRule(msgspec.Struct, kw_only=True, frozen=True):
    """What moderation does with one direction: ``score`` or ``block``."""

    mode: str


class ModerationPolicy(msgspec.Struct, kw_only=True, frozen=True):
    """Moderation by direction."""

    input: ModerationRule | None = None
    output: ModerationRule | None = None


class Moderation(msgspec.Struct, kw_only=True, frozen=True):
    """The provider's own moderation of the chat."""

    model: str
    policy: ModerationPolicy | None = None


class Place(msgspec.Struct, kw_only=True, frozen=True):
    """Roughly where the user is."""

    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class UserLocation(msgspec.Struct, kw_only=True, frozen=True):
    """Where the user is. The API has ``type`` and ``approximate``; other providers put the place right here."""

    type: str | None = None
    approximate: Place | None = None


class WebSearchOptions(msgspec.Struct, kw_only=True, frozen=True):
    """How the model searches the web."""

    search_context_size: str | None = None
    user_location: UserLocation | None = None
