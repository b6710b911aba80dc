"""What can be said of streams on their way to callers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .kinds import Duration


class StreamSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How streams leave."""

    keep_alive: Annotated[
        Duration,
        Meta(
            ge=0,
            description="How long a stream of events may send nothing before a comment tells that it is alive, such as "
            "15s; 0s never. The first one takes the head out with it, so that errors behind it are told in-band.",
        ),
    ] = 0.0
