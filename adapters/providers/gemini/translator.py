"""Google AI Studio: the Gemini API for developers, with a key.

Source: https://ai.google.dev/api
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings
from sluicegate.pipeline.errors import GatewayError, NotFound
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, StreamDecoder, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage

from ..embeddings import embedding_request, embeddings_reply, texts_of
from ..headers import both_headers
from ..model_lists import read_page
from ..openai.passage import Passage
from ..reading import Malformed
from ..retry_after import read_retry_after
from ..secrets import Secrets
from ..translation import chat_stream, decode_chat, encode_chat, note_dropped
from .api import GeminiApi
from .counting import read_count
from .embeddings import embed_body, read_vectors
from .errors import GoogleErrors
from .images import images_reply
from .made import MADE, made_request
from .speech import speech_stream

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

Threshold = Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"]
Safety = Annotated[
    dict[str, Threshold],
    Meta(description="From which probability on harm is blocked, by category; Google's own defaults otherwise."),
]
STUDIO = "https://generativelanguage.googleapis.com"
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*(/[A-Za-z0-9][A-Za-z0-9._@-]*)*")
"""A model's name comes from the caller and stands in a path: it must not lead out of it."""
PAGE = 1000
"""Models on one page, the most that it may have."""
CATEGORY = re.compile(r"HARM_CATEGORY_[A-Z_]+")
_VERSIONED = re.compile(r"/v\d+[a-z0-9]*$")


class GeminiSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Google AI Studio."""

    base_url: Annotated[str, Meta(description="Where its API is; api_version follows unless it ends in one.")] = STUDIO
    api_version: Annotated[Literal["v1beta", "v1", "v1alpha"], Meta(description="Which version of its API.")] = "v1beta"
    safety: Safety = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would be refused with each request."""
        super().__post_init__()
        check_safety(self.safety)


@provider("gemini", summary="Google AI Studio: Gemini with an API key.", settings=GeminiSettings)
class Gemini:
    """Translates to Gemini's API. What is asked in its dialect passes through.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    def __init__(self, name: str, settings: GeminiSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._name = name
        self._settings = settings
        self._wall = wall
        self._root = versioned(settings.base_url or STUDIO, settings.api_version)
        key = str(settings.api_key).strip()
        credentials = {"x-goog-api-key": key} if key else {}
        headers = both_headers(settings, credentials)
        self._plain_headers = headers[0]
        self._errors = GoogleErrors(name, Secrets(settings))
        self._passage = Passage(settings, settings.base_url or STUDIO, credentials)
        self._api = GeminiApi(
            name, self._url, headers, self._errors, safety=settings.safety, files_url=self._root + "/"
        )

    def __repr__(self) -> str:
        return f"<Gemini {self._name!r}>"

    def operations(self) -> frozenset[str]:
        """Return the kinds of requests that it has methods for, and what is passed through."""
        return self._passage.operations | {"chat", "embedding", "image", "image_edit", "speech"}

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks the target. Raises InvalidRequest where it cannot be asked for it."""
        if exchange.request.passing is not None:
            return self._passage.encode(exchange, exchange.request.passing)
        if self._api.passes(exchange):
            return self._api.pass_on(exchange, target, _resource(target.model))
        if exchange.request.operation == "count_tokens":
            return self._api.count(exchange, target, _resource(target.model))
        if exchange.request.operation in MADE:
            return self._make(exchange, target)
        if exchange.request.operation != "embedding":
            return encode_chat(self._api, exchange, target, name=self._name, settings=self._settings)
        request = embedding_request(exchange)
        texts = texts_of(request, self._name)
        method, body = embed_body(request, _resource(target.model), texts, exchange.request.hints)
        if exchange.request.hints:
            exchange.notes["hinted"] = self._name
        return UpstreamRequest("POST", self._url(target.model, method), self._plain_headers, body)

    def counts_tokens(self, exchange: Exchange) -> bool:
        """Say yes: all of its models count."""
        return True

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the reply that an answer means, and its tokens. Raises GatewayError where it is none."""
        if self._api.passes(exchange):
            return self._api.passed(exchange, head, body)
        if exchange.request.operation == "count_tokens":
            return read_count(self._errors, head, body), None
        if exchange.request.operation in ("image", "image_edit"):
            return images_reply(self._errors, head, body, created=int(self._wall()))
        if exchange.request.operation != "embedding":
            return decode_chat(self._api, exchange, head, body)
        self._errors.check_type(head, body)
        try:
            return embeddings_reply(exchange, *read_vectors(body), self._name)
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""
        if exchange.request.passing is not None:
            return self._passage.decoder(head)
        if self._api.passes(exchange):
            return self._api.passed_stream(exchange, head)
        if exchange.request.operation == "speech":
            return speech_stream(self._name, self._errors, exchange, head)
        return chat_stream(self._api, exchange, head)

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        return self._errors.read(head.status, body, read_retry_after(head.headers, self._wall()))

    def models(self) -> tuple[str, ...]:
        """Return the names that are mapped to others; the rest is known to the provider alone."""
        return tuple(self._settings.model_mapping)

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for a page of the list of models."""
        return UpstreamRequest("GET", f"{self._root}/models?{page_query(after)}", self._plain_headers)

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists. Raises UpstreamError where it is no list."""
        self._errors.check_type(head, body)
        nonsense = self._errors.nonsense
        return read_page(body, nonsense, under="models", name="name", prefix="models/", token="nextPageToken")

    def transport(self) -> Transport | None:
        """Return None: the gateway's shared HTTP transport serves."""
        return None

    def _make(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request for images, made or changed, or for speech."""
        dropped = Dropped(self._name, strict=self._settings.strict)
        request = made_request(exchange, target.model, self._url, self._plain_headers, dropped, self._name)
        note_dropped(exchange, dropped)
        return request

    def _url(self, model: str, method: str) -> str:
        return f"{self._root}/{_resource(check_model(model))}:{method}"


def _resource(model: str) -> str:
    """Return a model's name as the API has it. Most leave ``models/`` out; tuned ones have a place of their own."""
    return model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"


def check_safety(safety: Mapping[str, str]) -> None:
    """Raise ValueError for what is no category of harm. There are new ones now and then, so their form is all."""
    for name in safety:
        if CATEGORY.fullmatch(name) is None:
            raise ValueError(f"safety: {name!r} is no category, such as HARM_CATEGORY_HARASSMENT")


def page_query(after: str) -> str:
    """Return the query for a page of a list, by the word of the one before, or for the first."""
    return urlencode({"pageSize": PAGE, **({"pageToken": after} if after else {})})


def check_model(model: str) -> str:
    """Return a model's name. Raises NotFound for what can be none."""
    if MODEL.fullmatch(model) is None:
        raise NotFound(f"{model[:80]!r} is no name of a model", code="model_not_found", param="model")
    return model


def versioned(base_url: str, version: str) -> str:
    """Return where the methods are: below a version of the API."""
    parts = urlsplit(base_url.strip())
    path = parts.path.rstrip("/")
    if not _VERSIONED.search(path):
        path = f"{path}/{version}"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
