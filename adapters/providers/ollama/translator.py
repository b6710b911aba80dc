"""Ollama's own API, which can be told more than its version of OpenAI's: above all the size of the context.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, StreamDecoder, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..family.errors import FamilyErrors
from ..family.profile import ErrorRules
from ..form_translator import FormTranslator
from ..headers import Headers, bearer, both_headers
from ..model_lists import read_page
from ..openai.passage import Passage
from ..reading import Malformed, count_in, read_json
from ..secrets import Secrets
from .answer import read_answer
from .request import body_of
from .stream import OllamaStream

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

LOCAL = "http://localhost:11434"
NDJSON = "application/x-ndjson"
_STREAMS = frozenset({NDJSON, "application/json", ""})
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_vectors = msgspec.json.Decoder(list[list[float]]).decode
_anything = msgspec.json.Decoder().decode


class OllamaSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Ollama, on this machine or at ollama.com."""

    base_url: Annotated[str, Meta(description="Where it is, without /api.")] = LOCAL
    num_ctx: Annotated[
        int | None,
        Meta(
            ge=1,
            description="Tokens of context to load models with. Ollama's own default is small, and what does not fit "
            "is cut off without a word.",
        ),
    ] = None
    keep_alive: Annotated[
        str,
        Meta(description="How long a model stays loaded, as Ollama writes it: 5m, or -1. Empty for its own."),
    ] = ""


@provider("ollama", summary="Ollama's own API, on this machine or another.", settings=OllamaSettings)
class Ollama(FormTranslator):
    """Translates to Ollama's API.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    def __init__(self, name: str, settings: OllamaSettings, *, wall: Callable[[], float] = time.time) -> None:
        rules = ErrorRules(statuses={503: "busy"})  # its queue is full
        super().__init__(name, settings, FamilyErrors(name, Secrets(settings), rules), wall)
        self._root = (settings.base_url or LOCAL).strip().rstrip("/").removesuffix("/api") + "/api"
        self._plain_headers, self._stream_headers = both_headers(settings, bearer(settings), stream_type=NDJSON)
        self._passage = Passage(settings, self._root.removesuffix("/api"), bearer(settings))
        self._num_ctx = settings.num_ctx
        self._keep_alive = settings.keep_alive

    def operations(self) -> frozenset[str]:
        """Return what it can be asked, and what is passed through."""
        return super().operations() | self._passage.operations

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks the target. Raises InvalidRequest where it cannot be asked for it."""
        if exchange.request.passing is not None:
            return self._passage.encode(exchange, exchange.request.passing)
        return super().encode(exchange, target)

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""
        if exchange.request.passing is not None:
            return self._passage.decoder(head)
        return super().decoder(exchange, head)

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target for a chat. Raises InvalidRequest for what it cannot be told."""
        body = body_of(chat, target.model, dropped, num_ctx=self._num_ctx, keep_alive=self._keep_alive)
        return self._request("/chat", self._stream_headers if chat.stream else self._plain_headers, body)

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a whole answer says. Raises Malformed, or GatewayError for an error in its place."""
        return read_answer(body, self._errors)

    def events(self, chat: Chat, head: UpstreamHead) -> OllamaStream:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""
        if head.media_type not in _STREAMS:
            self._types.check_type(head)
        return OllamaStream(self._name, self._errors)

    def embed(
        self, request: EmbeddingRequest, texts: list[str], target: Target, fields: Mapping[str, msgspec.Raw]
    ) -> UpstreamRequest:
        """Return the request that asks a target for embeddings."""
        body: dict[str, object] = {"model": target.model, "input": texts}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        if self._num_ctx is not None:
            body["options"] = {"num_ctx": self._num_ctx}
        if self._keep_alive:
            body["keep_alive"] = self._keep_alive
        return self._request("/embed", self._plain_headers, body)

    def vectors(self, head: UpstreamHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
        """Return the vectors of an answer, and its tokens. Raises Malformed."""
        fields = read_json(_decode, body)
        if "embeddings" not in fields:
            raise Malformed("has no embeddings")
        vectors = read_json(_vectors, bytes(fields["embeddings"]))
        counted = count_in({"n": read_json(_anything, bytes(fields.get("prompt_eval_count", b"0")))}, "n")
        return vectors, Usage(input=counted) if counted else None

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for the list of models that are on its disk."""
        return UpstreamRequest("GET", f"{self._root}/tags", self._plain_headers)

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists: names with their tags, of which ``:latest`` need not be said."""
        self._types.check_type(head, body)
        return read_page(body, self._errors.nonsense, under="models", name="name", complete=False)

    def _request(self, path: str, headers: Headers, body: dict[str, object]) -> UpstreamRequest:
        try:
            return UpstreamRequest("POST", self._root + path, headers, _encode(body))
        except (ValueError, RecursionError) as error:  # half a surrogate pair, or a schema without an end
            raise InvalidRequest(f"the request cannot be written for provider {self._name!r}: {error}") from error
