"""Kinds of fields that several requests share, with the limits of the OpenAI API.

A field that may be left out may also be null: that is how the API treats it. Each request is decoded twice, once to its
top-level values as raw JSON and once to these structs. The structs ignore fields that they do not name; those live on
in the raw values.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

import msgspec
from msgspec import Meta

MAX_NAME = 256
"""Characters of a model's name, and of any name from outside that a message or a log line shows."""
ModelName = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
"""A model as the caller names it; `rules` also refuses one of blanks alone."""
Temperature = Annotated[float, Meta(ge=0.0, le=2.0)]
Penalty = Annotated[float, Meta(ge=-2.0, le=2.0)]
"""For frequency and presence."""
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
Bias = dict[str, Annotated[float, Meta(ge=-100.0, le=100.0)]]
"""From token id to what is added to its logit."""
Stop = str | Annotated[list[str], Meta(max_length=4)]
Choices = Annotated[int, Meta(ge=1, le=128)]
"""How many answers to make."""
Positive = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}\Z"
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
"""Of a tool, a function or a response format."""
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]


@cache
def attributes(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return the attributes of a struct by the names that they have in JSON."""
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


class StreamOptions(msgspec.Struct, kw_only=True, frozen=True):
    """What a stream carries besides content. Only allowed with ``stream: true``."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None
