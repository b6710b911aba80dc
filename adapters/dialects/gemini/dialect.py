"""The dialect, put together."""

from __future__ import annotations

from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request

from .read import read
from .whole import whole
from .writer import Writer


class Gemini:
    """A caller's side of Gemini's API; see `ChatDialect`."""

    name = "gemini"

    def read(self, request: Request) -> Chat:
        """Return what a request asks. Raises InvalidRequest for what only Gemini itself can be asked."""
        return read(request)

    def whole(self, chat: Chat, answer: Answer) -> bytes:
        """Return the body of a whole answer."""
        return whole(chat, answer)

    def writer(self, chat: Chat) -> Writer:
        """Return a writer for one stream."""
        return Writer(chat)


DIALECT = Gemini()
