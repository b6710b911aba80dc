"""The dialect, put together."""

from __future__ import annotations

import time
from collections.abc import Callable

from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request

from .read import read
from .whole import whole
from .writer import Writer


class Responses:
    """A caller's side of the Responses API; see `ChatDialect`.

    Args:
        wall: Seconds since the epoch, for answers whose provider does not say when they were made.
    """

    name = "responses"

    def __init__(self, *, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall

    def read(self, request: Request) -> Chat:
        """Return what a request asks. Raises InvalidRequest for what only OpenAI's own API has."""
        return read(request)

    def whole(self, chat: Chat, answer: Answer) -> bytes:
        """Return the body of a whole answer: its first choice, as there is no other here."""
        return whole(chat, answer, int(self._wall()))

    def writer(self, chat: Chat) -> Writer:
        """Return a writer for one stream."""
        return Writer(chat, int(self._wall()))


DIALECT = Responses()
