"""What a request to the simulated upstream asks for, read from its bytes as cheaply as can be."""

from __future__ import annotations

from typing import Any

import msgspec

from .places import Place, place_of

MOST_VECTORS = 2048
"""In one request, as OpenAI has it."""
MOST_DIMENSIONS = 4096


class BadHead(ValueError):
    """The head of a request cannot be served. The message says why."""


class Options(msgspec.Struct):
    """What a caller wants of a stream."""

    include_usage: bool | None = None


class Generation(msgspec.Struct, rename="camel"):
    """What kinds of parts Gemini is to answer with."""

    response_modalities: list[Any] | None = None


class Parameters(msgspec.Struct, rename="camel"):
    """What `predict` is told besides the instances."""

    sample_count: int | None = None


class Asked(msgspec.Struct, frozen=True):
    """The fields of a body that change the answer. All else is passed over without being looked at."""

    model: str = ""
    stream: bool | None = None
    stream_options: Options | None = None
    input: Any = None
    texts: list[Any] | None = None
    requests: list[Any] | None = None
    encoding_format: str | None = None
    dimensions: int | None = None
    gemini_dimensions: int | None = msgspec.field(default=None, name="outputDimensionality")
    n: int | None = None
    documents: list[Any] | None = None
    top_n: int | None = None
    instances: list[Any] | None = None
    parameters: Parameters | None = None
    records: list[Any] | None = None
    sources: list[Any] | None = None
    voice_id: str | None = None
    ref_audio: str | None = None
    input_text: str | None = msgspec.field(default=None, name="inputText")
    generation: Generation | None = msgspec.field(default=None, name="generationConfig")

    @property
    def modalities(self) -> list[Any]:
        """What kinds of parts Gemini is to answer with, where that is said."""
        return (self.generation.response_modalities if self.generation is not None else None) or []

    @property
    def sample_count(self) -> int:
        """How many pictures `predict` is asked for."""
        return (self.parameters.sample_count if self.parameters is not None else None) or 1

    @property
    def speaks_mistral(self) -> bool:
        """Whether the voice is named as Mistral's API has it."""
        return self.voice_id is not None or self.ref_audio is not None

    @property
    def usage_in_stream(self) -> bool:
        """Whether the stream ends with the usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    @property
    def numbers(self) -> int | None:
        """How many numbers a vector is to have; in a batch of Gemini's the first request says it for all."""
        first = self.requests[0] if self.requests else None
        batch = first.get("outputDimensionality") if isinstance(first, dict) else None
        return self.dimensions or self.gemini_dimensions or (batch if isinstance(batch, int) else None)

    @property
    def vectors(self) -> int:
        """How many vectors are asked for: a list of numbers is one input, in tokens."""
        many = self.texts or self.requests
        if many is not None:
            return min(len(many), MOST_VECTORS)
        if isinstance(self.input, list) and self.input and not isinstance(self.input[0], int):
            return min(len(self.input), MOST_VECTORS)
        return 1


decode = msgspec.json.Decoder(Asked).decode
"""Return what a body asks for. Raises msgspec.DecodeError."""


class Head(msgspec.Struct, frozen=True):
    """A request's head: what is asked for, and how many bytes of body follow it."""

    method: str
    path: str
    length: int
    place: Place | None = None


def read_head(data: bytes) -> Head:
    """Return what a head says; ``data`` is all of it but the empty line.

    Raises:
        BadHead: It is no request's, or its body has no length.
    """
    first, *lines = data.split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or parts[2] != b"HTTP/1.1":
        raise BadHead("this is no request of HTTP/1.1")
    lengths: set[bytes] = set()
    for line in lines:
        name, _, value = line.partition(b":")
        lowered = name.lower()
        if lowered == b"content-length":
            lengths.add(value.strip())
        elif lowered == b"transfer-encoding":
            raise BadHead("a body needs a content-length here")
    if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
        raise BadHead("the content-length is not one number")
    path, _, query = parts[1].decode("latin-1").partition("?")
    length = int(lengths.pop()) if lengths else 0
    return Head(parts[0].decode("latin-1"), path, length, place_of(path, query))
