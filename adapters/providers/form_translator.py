"""A translator whose API no caller speaks: every chat goes through the form between dialects."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import GatewayError, UnsupportedEndpoint
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped, EventDecoder
from sluicegate.pipeline.provider import StreamDecoder, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from .embeddings import embedding_request, embeddings_reply, texts_of
from .openai.errors import ErrorTable
from .openai.whole import AnswerReader
from .problem import read_problem
from .reading import Malformed
from .retry_after import read_retry_after
from .translation import chat_stream, decode_chat, encode_chat

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target


class FormTranslator(ABC):
    """The part of such a translator that does not depend on the API.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        errors: Maps its errors.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    dialect = ""

    def __init__(
        self, name: str, settings: HttpProviderSettings, errors: ErrorTable, wall: Callable[[], float] = time.time
    ) -> None:
        self._name = name
        self._settings = settings
        self._errors = errors
        self._wall = wall
        self._types = AnswerReader(errors)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"

    def operations(self) -> frozenset[str]:
        """Return what it can be asked: chats and embeddings."""
        return frozenset({"chat", "embedding"})

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks the target. Raises InvalidRequest where it cannot be asked for it."""
        if exchange.request.kind not in self.operations():
            raise UnsupportedEndpoint.of(self._name, exchange.request.operation)
        if exchange.request.kind == "embedding":
            request = embedding_request(exchange)
            return self.embed(request, texts_of(request, self._name), target, exchange.request.fields)
        return encode_chat(self, exchange, target, name=self._name, settings=self._settings)

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the reply that an answer means, and its tokens. Raises GatewayError where it is none."""
        self._types.check_type(head, body)
        try:
            if exchange.request.kind != "embedding":
                return decode_chat(self, exchange, head, body)
            return embeddings_reply(exchange, *self.vectors(head, body), self._name)
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""
        return chat_stream(self, exchange, head)

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        return self._errors.error(head.status, read_problem(body), read_retry_after(head.headers, self._wall()))

    def models(self) -> tuple[str, ...]:
        """Return the names that are mapped to others; the rest is known to the provider alone."""
        return tuple(self._settings.model_mapping)

    def transport(self) -> Transport | None:
        """Return None: the gateway's shared HTTP transport serves."""
        return None

    @abstractmethod
    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target for a chat. Raises InvalidRequest for what it cannot be told."""

    @abstractmethod
    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a whole answer says. Raises Malformed, or GatewayError for an error in its place."""

    @abstractmethod
    def events(self, chat: Chat, head: UpstreamHead) -> EventDecoder:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""

    @abstractmethod
    def embed(
        self, request: EmbeddingRequest, texts: list[str], target: Target, fields: Mapping[str, msgspec.Raw]
    ) -> UpstreamRequest:
        """Return the request that asks a target for embeddings. Raises InvalidRequest for what it cannot be told.

        Args:
            request: As OpenAI's API has it.
            texts: Its input.
            target: Who is asked.
            fields: All that the caller has written, also what OpenAI's API does not know.
        """

    @abstractmethod
    def vectors(self, head: UpstreamHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
        """Return the vectors of an answer in the order of the texts, and its tokens. Raises Malformed."""
