"""Cohere.

Source: https://docs.cohere.com/reference/chat, and the types of its SDK (cohere 7.3).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, StreamDecoder, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..form_translator import FormTranslator
from ..headers import Headers, bearer, both_headers
from ..model_lists import read_page
from ..openai.passage import Passage
from ..openai.typed_stream import WholeAsTyped
from ..ranking import asked_in
from ..reading import Malformed
from ..secrets import Secrets
from ..translation import note_dropped
from .answer import read_answer
from .embeddings import embed_body, read_vectors
from .errors import CohereErrors
from .request import body_of
from .rerank import rank_body, read_ranking
from .stream import CohereStream
from .transcripts import read_transcript, transcript_form

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

_PAGE = 1000
"""Models on one page, the most that it may have."""
URL = "https://api.cohere.com"
_encode = msgspec.json.Encoder().encode


class CohereSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Cohere."""

    base_url: Annotated[str, Meta(description="Where its API is, without /v2.")] = URL


@provider(
    "cohere",
    summary="Cohere: chats, embeddings, rankings and transcripts of its API, version 2.",
    settings=CohereSettings,
)
class Cohere(FormTranslator):
    """Translates to Cohere's API.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    def __init__(self, name: str, settings: CohereSettings, *, wall: Callable[[], float] = time.time) -> None:
        super().__init__(name, settings, CohereErrors(name, Secrets(settings)), wall)
        self._root = (settings.base_url or URL).strip().rstrip("/").removesuffix("/v2") + "/v2"
        self._plain_headers, self._stream_headers = both_headers(settings, bearer(settings))
        self._passage = Passage(settings, self._root.removesuffix("/v2"), bearer(settings))

    def operations(self) -> frozenset[str]:
        """Return what it can be asked: also to rank documents, to write down what was said, and what is passed."""
        return super().operations() | {"rerank", "transcription"} | self._passage.operations

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks the target. Raises InvalidRequest where it cannot be asked for it."""
        if exchange.request.passing is not None:
            return self._passage.encode(exchange, exchange.request.passing)
        if exchange.request.kind == "transcription":
            return self._transcribe(exchange, target)
        if exchange.request.kind != "rerank":
            return super().encode(exchange, target)
        fields = exchange.request.fields
        dropped = Dropped(self._name, strict=self._settings.strict)
        body = rank_body(asked_in(fields), target.model, fields, dropped)
        note_dropped(exchange, dropped)
        return self._request("/rerank", self._plain_headers, body)

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the reply that an answer means, and its tokens. Raises GatewayError where it is none."""
        if exchange.request.kind == "transcription":
            return read_transcript(self._errors, self._types, exchange.request, head, body)
        if exchange.request.kind != "rerank":
            return super().decode(exchange, head, body)
        self._types.check_type(head, body)
        try:
            ranking, usage = read_ranking(body, asked_in(exchange.request.fields), self._errors)
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error
        return Reply(body=_encode(ranking)), usage

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream; transcripts come whole. Raises UpstreamError where it is none."""
        if exchange.request.passing is not None:
            return self._passage.decoder(head)
        if exchange.request.kind != "transcription":
            return super().decoder(exchange, head)
        self._types.check_type(head)
        return WholeAsTyped(self._errors, self._types, exchange.request, head)

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target for a chat. Raises InvalidRequest for what it cannot be told."""
        headers = self._stream_headers if chat.stream else self._plain_headers
        return self._request("/chat", headers, body_of(chat, target.model, dropped))

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a whole answer says. Raises Malformed, or GatewayError for an error in its place."""
        return read_answer(body, self._errors)

    def events(self, chat: Chat, head: UpstreamHead) -> CohereStream:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""
        if head.media_type not in ("text/event-stream", ""):
            self._types.check_type(head)
            raise self._errors.nonsense("is whole, where a stream was asked for")
        return CohereStream(self._name, self._errors)

    def embed(
        self, request: EmbeddingRequest, texts: list[str], target: Target, fields: Mapping[str, msgspec.Raw]
    ) -> UpstreamRequest:
        """Return the request that asks a target for embeddings. Raises InvalidRequest for more than it takes."""
        return self._request(
            "/embed", self._plain_headers, embed_body(request, texts, target.model, fields, self._name)
        )

    def vectors(self, head: UpstreamHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
        """Return the vectors of an answer, and its tokens. Raises Malformed."""
        return read_vectors(body)

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for a page of the list of models, which is of version 1 of its API."""
        query = urlencode({"page_size": _PAGE, **({"page_token": after} if after else {})})
        url = f"{self._root.removesuffix('/v2')}/v1/models?{query}"
        return UpstreamRequest("GET", url, self._plain_headers)

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists. Raises UpstreamError where it is no list."""
        self._types.check_type(head, body)
        return read_page(body, self._errors.nonsense, under="models", name="name", token="next_page_token")

    def _transcribe(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        dropped = Dropped(self._name, strict=self._settings.strict)
        media_type, form = transcript_form(self._name, exchange.request, target.model, dropped)
        note_dropped(exchange, dropped)
        headers = {**dict(self._plain_headers), "content-type": media_type}
        return UpstreamRequest("POST", self._root + "/audio/transcriptions", tuple(headers.items()), upload=form)

    def _request(self, path: str, headers: Headers, body: dict[str, Any]) -> UpstreamRequest:
        try:
            return UpstreamRequest("POST", self._root + path, headers, _encode(body))
        except (ValueError, RecursionError) as error:  # half a surrogate pair, or a schema without an end
            raise InvalidRequest(f"the request cannot be written for provider {self._name!r}: {error}") from error
