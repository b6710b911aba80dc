"""Content parts of a message.

One struct holds every part. Parts of a type that the OpenAI API does not know belong to other providers
(``video_url``, ``document_url``, ``thinking``) and pass as they are; `rules` asks of the types it knows that what they
name is there.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class CacheBreakpoint(msgspec.Struct, kw_only=True, frozen=True):
    """Asks the provider to cache the prompt up to here."""

    mode: str
    ttl: str | None = None


class ImageUrl(msgspec.Struct, kw_only=True, frozen=True):
    """An image by its ``https:`` or ``data:`` URL."""

    url: str
    detail: Literal["auto", "low", "high", "original"] | None = None


class InputAudio(msgspec.Struct, kw_only=True, frozen=True):
    """A sound, in base64. The API takes wav and mp3, other providers more."""

    data: str
    format: str


class FileInput(msgspec.Struct, kw_only=True, frozen=True):
    """A file, by its id or as a ``data:`` URL."""

    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None


class Part(msgspec.Struct, kw_only=True, frozen=True):
    """One part of a message's content.

    Attributes:
        type: ``text``, ``refusal``, ``image_url``, ``input_audio``, ``file``, or a provider's own.
        image_url: Some providers take the bare URL as well.
        input_audio: Some providers take the bare data or URL as well.
    """

    type: Annotated[str, Meta(min_length=1)]
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | str | None = None
    input_audio: InputAudio | str | None = None
    file: FileInput | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None


KNOWN_PARTS = frozenset({"text", "refusal", "image_url", "input_audio", "file"})
"""Part types of the OpenAI API. Each requires the field of its own name."""

Content = str | list[Part]
"""What a message says: plain text, or parts."""
