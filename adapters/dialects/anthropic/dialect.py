"""The dialect, put together."""

from __future__ import annotations

from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request

from .read import read
from .whole import whole
from .writer import Writer


class Anthropic:
    """A caller's side of the Messages API; see `ChatDialect`."""

    name = "anthropic"

    def read(self, request: Request) -> Chat:
        """Return what a request asks. Raises InvalidRequest for a block that has no place in the form."""
        return read(request)

    def whole(self, chat: Chat, answer: Answer) -> bytes:
        """Return the body of a whole answer: its first choice, as there is no other here."""
        return whole(chat, answer)

    def writer(self, chat: Chat) -> Writer:
        """Return a writer for one stream."""
        return Writer(chat)


DIALECT = Anthropic()
