"""What the decoders of streams have in common: bytes go in at any boundaries, whole items come out. No I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from sluicegate.pipeline.errors import UpstreamError

Item = TypeVar("Item")


class ItemDecoder(ABC, Generic[Item]):
    """Turns the bytes of one stream into items. An error never costs the items that came before it.

    Args:
        source: Who sends the stream, for messages.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._failure: UpstreamError | None = None

    def feed(self, data: bytes) -> list[Item]:
        """Return the items that these bytes complete.

        An error behind items in the same bytes is raised by the next call, so that no item is lost.

        Raises:
            UpstreamError: An item is over its limit, or the bytes are not of this kind of stream.
        """
        if self._failure is not None:
            raise self._failure
        items: list[Item] = []
        if not data:
            return items
        try:
            self._take(data, items)
        except UpstreamError as error:
            self._failure = error
            if not items:
                raise
        return items

    def finish(self) -> list[Item]:
        """Say that the stream has ended; return the item that only its end completes, if there is one.

        Raises:
            UpstreamError: As for `feed`. StreamInterrupted: It ended too early, where this kind of stream tells.
        """
        if self._failure is not None:
            raise self._failure
        items: list[Item] = []
        self._end(items)
        return items

    @abstractmethod
    def _take(self, data: bytes, items: list[Item]) -> None:
        """Append the items that these bytes complete."""

    @abstractmethod
    def _end(self, items: list[Item]) -> None:
        """Append the item that the end of the stream completes."""

    def _over(self, thing: str, limit: int) -> UpstreamError:
        return UpstreamError(f"the stream of {self._source} has {thing} of over {limit} bytes, the limit")
