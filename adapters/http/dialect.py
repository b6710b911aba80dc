"""What differs between the APIs that callers speak, once an answer goes out."""

from __future__ import annotations

from typing import Protocol

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.reply import Batch


class Dialect(Protocol):
    """How errors and streams leave.

    Attributes:
        name: As `Request.dialect`.
        media_type: Of a stream.
        keep_alive: What tells in a stream that it is alive, and nothing else; empty where there is nothing such.
    """

    name: str
    media_type: str
    keep_alive: bytes

    def error(self, error: GatewayError, label: str) -> bytes:
        """Return the body of an error's answer."""
        ...

    def frames(self, batch: Batch) -> bytes:
        """Return the bytes of chunks that leave together."""
        ...

    def clean_end(self) -> bytes:
        """Return the bytes that tell that a stream is complete."""
        ...

    def broken_end(self, error: GatewayError, label: str) -> bytes:
        """Return the bytes that tell, in a stream that has begun, that it is not complete and why."""
        ...
