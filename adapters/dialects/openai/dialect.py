"""OpenAI's dialect: what the table of dialects has."""

from __future__ import annotations

import time
from collections.abc import Callable

from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.request import Request

from .read import read_chat
from .whole import whole_body
from .writer import ChunkWriter


class OpenAIDialect:
    """Reads and writes chats as OpenAI's API has them.

    Args:
        wall: Seconds since the epoch, for answers whose provider does not say when they were made.
    """

    name = "openai"

    def __init__(self, *, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall

    def read(self, request: Request) -> Chat:
        """Return what a request asks.

        Raises:
            InvalidRequest: Something in it has no meaning outside OpenAI's API, or none at all.
        """
        return read_chat(request)

    def whole(self, chat: Chat, answer: Answer) -> bytes:
        """Return the body of a whole answer."""
        return whole_body(chat, answer, self._wall())

    def writer(self, chat: Chat) -> ChunkWriter:
        """Return a writer for one stream."""
        return ChunkWriter(chat, self._wall())
