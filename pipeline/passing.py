"""What goes through the gateway to one provider as it is: files, batches, and all of a provider that is open to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

KEPT = frozenset({"files", "batches", "message_batches"})
"""The operations about what lies with a provider, for the account that put it there. The last is Anthropic's own."""
PASSED = KEPT | {"proxy"}
"""The operations that are passed through: nothing of them is read but what an answer says of its tokens."""
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Methods of requests that may be repeated: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2."""


class Passing(NamedTuple):
    """A request to be passed through. Its body is the request's upload.

    Attributes:
        method: As the caller wrote it.
        path: Below the provider's base URL, percent-encoded; it begins with a slash and cannot climb.
        query: Percent-encoded, without the gateway's own parameters.
        provider: The one that the caller names; empty where it names none.
    """

    method: str
    path: str
    query: str = ""
    provider: str = ""


@runtime_checkable
class RawDecoder(Protocol):
    """What a decoder is besides, whose chunks are no events but bytes, such as sound."""

    @property
    def media_type(self) -> str:
        """The content type under which the bytes leave, with its parameters."""
        ...


class RawAnswer(RawDecoder, Protocol):
    """What a `StreamDecoder` is besides, whose chunks leave as they came, below the upstream's own head."""

    @property
    def status(self) -> int:
        """The upstream's."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Those of the upstream's headers that are the caller's business."""
        ...
