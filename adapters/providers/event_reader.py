"""What reading the streams of providers has in common, whatever their framing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.form.events import Event

from ..upstream.decoder import ItemDecoder
from .openai.errors import ErrorTable
from .reading import Malformed

Item = TypeVar("Item")


class EventReader(ABC, Generic[Item]):
    """Reads one streamed answer, item by item, where one of the items says that nothing follows.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
        items: Takes the stream apart.
    """

    def __init__(self, provider: str, errors: ErrorTable, items: ItemDecoder[Item]) -> None:
        self._provider = provider
        self._errors = errors
        self._items = items
        self._done = False
        self._error: GatewayError | None = None

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete; what follows is ignored."""
        return self._done

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete.

        An error behind events in the same bytes is raised by the next call.

        Raises:
            GatewayError: The provider reported an error in-band, or sent what is not of its own API.
        """
        if self._error is not None:
            raise self._error
        return [] if self._done else self._guarded(lambda: self._items.feed(data))

    def finish(self) -> list[Event]:
        """Say that no more bytes come; return what was still held back.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        if self._error is not None:
            raise self._error
        if self._done:
            return []
        events = self._guarded(self._items.finish, at_end=True)
        if self._cut():
            self._error = StreamInterrupted(
                f"the stream of provider {self._provider!r} ended before its answer was complete"
            )
            if not events:
                raise self._error
        return events

    def _cut(self) -> bool:
        return not self._done and self._error is None

    @abstractmethod
    def _take(self, item: Item, events: list[Event]) -> bool:
        """Append what an item says; return whether it says that nothing follows.

        Raises:
            Malformed: It is none of this API's. GatewayError: It is an error.
        """

    def _guarded(self, decode: Callable[[], list[Item]], *, at_end: bool = False) -> list[Event]:
        """Return the events of items. An error waits for the events before it; half an item at the end is none."""
        events: list[Event] = []
        try:
            for item in decode():
                if self._take(item, events):
                    self._done = True
                    break
        except Malformed as error:
            if not at_end:
                self._error = self._errors.nonsense(str(error))
                self._error.__cause__ = error
        except UpstreamError as error:
            if not (at_end and isinstance(error, StreamInterrupted)):
                self._error = error
        except GatewayError as error:
            self._error = error
        if self._error is not None and not events:
            raise self._error
        return events
