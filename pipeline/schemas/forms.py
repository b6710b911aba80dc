"""The requests that are sent as forms with files: transcriptions, translations, edits and variations of images.

Sources: https://platform.openai.com/docs/api-reference/audio and https://platform.openai.com/docs/api-reference/images.
A form has nothing but texts: they are decoded leniently, ``"0.5"`` as a number where one belongs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .fields import ModelName
from .json_texts import Text
from .refusals import refuse

FORMS = frozenset({"transcription", "translation", "image_edit", "image_variation"})
"""The operations that are asked for by a form."""


class FileField(msgspec.Struct, kw_only=True, frozen=True):
    """What is known of a file without reading it. ``size`` is in bytes."""

    filename: str
    media_type: str = ""
    size: int = 0


File = FileField | str
"""`check_form` refuses a text, with a better word than a type's name."""
Images = FileField | str | Annotated[list[FileField | str], Meta(min_length=1, max_length=16)]


class FormRequest(msgspec.Struct, kw_only=True, frozen=True):
    """What all of them have."""

    model: ModelName
    prompt: str | None = None
    stream: bool | None = None

    def files(self) -> Iterator[tuple[str, object]]:
        """Yield (path, value) of each field that must be a file."""
        for name in ("file", "image", "mask"):
            value = getattr(self, name, None)
            for index, each in enumerate(value if isinstance(value, list) else ()):
                yield f"{name}[{index}]", each
            if value is not None and not isinstance(value, list):
                yield name, value


class TranslationRequest(FormRequest, kw_only=True, frozen=True):
    """Speech to be written down in English, typed."""

    file: File
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None


class TranscriptionRequest(FormRequest, kw_only=True, frozen=True):
    """Speech to be written down, typed."""

    file: File
    chunking_strategy: str | None = None
    include: str | list[str] | None = None
    known_speaker_names: list[str] | None = None
    known_speaker_references: list[str] | None = None
    language: str | None = None
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    timestamp_granularities: (
        Literal["word", "segment"] | Annotated[list[Literal["word", "segment"]], Meta(max_length=2)] | None
    ) = None


class ImageVariationRequest(FormRequest, kw_only=True, frozen=True):
    """An image to be made anew, typed."""

    image: File
    n: Annotated[int, Meta(ge=1, le=10)] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    size: str | None = None
    user: str | None = None


class ImageEditRequest(FormRequest, kw_only=True, frozen=True):
    """Images to be changed, typed."""

    prompt: Annotated[str, Meta(min_length=1)]
    image: Images
    mask: File | None = None
    background: str | None = None
    input_fidelity: str | None = None
    moderation: str | None = None
    n: Annotated[int, Meta(ge=1, le=10)] | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    output_format: str | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    quality: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    size: str | None = None
    user: str | None = None


def check_form(typed: FormRequest) -> None:
    """Raise InvalidRequest where a form breaks a rule."""
    for path, value in typed.files():
        if not isinstance(value, FileField):
            refuse(path, "must be sent as a file, with a filename (curl -F 'name=@PATH')", "invalid_type")
        if value.size == 0:
            refuse(path, "the file is empty")
    if isinstance(typed, TranscriptionRequest):
        if typed.timestamp_granularities is not None and typed.response_format != "verbose_json":
            refuse("timestamp_granularities", "only allowed when response_format is verbose_json")
        if typed.stream and typed.response_format in ("srt", "vtt", "verbose_json"):
            refuse("stream", f"response_format {typed.response_format} cannot be streamed")


def texts_of_form(typed: FormRequest) -> Iterator[Text]:
    """Yield (path, text) of what somebody wrote into a form."""
    if typed.prompt is not None:
        yield "prompt", typed.prompt
