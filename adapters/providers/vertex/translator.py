"""Google Vertex AI: Gemini, and Claude, in a project of Google's cloud.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import GatewayError, InvalidRequest, NotFound, UnsupportedEndpoint
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, StreamDecoder, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage

from ..anthropic.errors import AnthropicErrors
from ..embeddings import embedding_request, embeddings_reply, texts_of
from ..gemini.api import GeminiApi
from ..gemini.counting import read_count
from ..gemini.embeddings import embed_body, read_vectors
from ..gemini.errors import GoogleErrors
from ..gemini.images import images_reply
from ..gemini.made import MADE, made_request
from ..gemini.speech import speech_stream
from ..gemini.translator import page_query
from ..headers import both_headers
from ..model_lists import read_page
from ..ranking import asked_in
from ..reading import Malformed
from ..retry_after import read_retry_after
from ..secrets import Secrets
from ..translation import chat_stream, decode_chat, encode_chat, note_dropped
from .account import Signer, read_account, token_url
from .claude import ClaudeApi
from .embeddings import predict_body, read_predictions
from .places import EMBEDDED_ALONE, Places, name_of, publisher_of
from .rerank import rank_body, read_ranking
from .settings import VertexSettings
from .token import Authorized, Tokens

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

_CLAUDES_ERROR = re.compile(rb'^\s*\{\s*"type"\s*:\s*"error"')


@provider("vertex", summary="Google Vertex AI: Gemini and Claude, by project and location.", settings=VertexSettings)
class Vertex:
    """Translates to Gemini's API, or Claude's, as Vertex AI has them.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after`` and for signed claims.

    Raises:
        ValueError: Nothing says which project it is, or the credentials' key is none.
    """

    def __init__(self, name: str, settings: VertexSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._name = name
        self._settings = settings
        self._wall = wall
        account = read_account(settings.credentials) if settings.credentials else None
        project = settings.project or (account.project_id if account is not None else "")
        if not project and not settings.api_key:
            raise ValueError(f"provider {name!r} needs a project; only an api_key says it by itself")
        self._project = project
        secrets = Secrets(settings)
        secrets.add(settings.access_token)
        self._tokens: Tokens | None = None
        if account is not None:
            url = token_url(account, settings.base_url)
            self._tokens = Tokens(name, Signer(account), url, secrets, wall=wall)
        headers = both_headers(settings, _credentials(settings))
        self._plain_headers = headers[0]
        self._errors = GoogleErrors(name, secrets)
        self._claudes_errors = AnthropicErrors(name, secrets)
        self._places = Places(settings.base_url, settings.api_version, project, settings.location)
        url_of = self._places.url
        self._gemini = GeminiApi(name, url_of, headers, self._errors, safety=settings.safety, ids=False, labels=True)
        self._claude = ClaudeApi(name, url_of, headers, self._claudes_errors)

    def __repr__(self) -> str:
        return f"<Vertex {self._name!r}>"

    def operations(self) -> frozenset[str]:
        """Return the kinds of requests that it has methods for."""
        return frozenset({"chat", "embedding", "image", "image_edit", "rerank", "speech"})

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks the target. Raises InvalidRequest where it cannot be asked for it."""
        if exchange.request.operation == "embedding":
            return self._embed(exchange, target)
        if exchange.request.operation in MADE:
            return self._make(exchange, target)
        if exchange.request.operation == "rerank":
            return self._rank(exchange, target)
        api = self._api(target)
        if isinstance(api, ClaudeApi) and api.passes(exchange):
            dropped = Dropped(self._name, strict=self._settings.strict)
            request = api.pass_on(exchange, target, dropped)
            note_dropped(exchange, dropped)
            return request
        if isinstance(api, GeminiApi) and api.passes(exchange):
            return api.pass_on(exchange, target)
        if isinstance(api, GeminiApi) and exchange.request.operation == "count_tokens":
            return api.count(exchange, target)
        return encode_chat(api, exchange, target, name=self._name, settings=self._settings)

    def counts_tokens(self, exchange: Exchange) -> bool:
        """Say yes, as the models of both publishers count; but Claude only who speaks its API."""
        plan = exchange.plan
        if exchange.request.operation != "count_generate" or plan is None:
            return True
        mine = (target.model for target in plan.targets if target.provider == self._name)
        return all(publisher_of(model) != "anthropic" for model in mine)

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the reply that an answer means, and its tokens. Raises GatewayError where it is none."""
        if exchange.request.operation == "embedding":
            return self._embedded(exchange, head, body)
        if exchange.request.operation in ("image", "image_edit"):
            return images_reply(self._errors, head, body, created=int(self._wall()))
        if exchange.request.operation == "rerank":
            return self._ranked(exchange, head, body)
        api = self._asked(head)
        if isinstance(api, ClaudeApi) and api.passes(exchange):
            return api.passed(exchange, head, body)
        if isinstance(api, GeminiApi) and api.passes(exchange):
            return api.passed(exchange, head, body)
        if exchange.request.operation == "count_tokens":
            return read_count(self._errors, head, body), None
        return decode_chat(api, exchange, head, body)

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""
        if exchange.request.operation == "speech":
            return speech_stream(self._name, self._errors, exchange, head)
        api = self._asked(head)
        if isinstance(api, ClaudeApi) and api.passes(exchange):
            return api.passed_stream(head)
        if isinstance(api, GeminiApi) and api.passes(exchange):
            return api.passed_stream(exchange, head)
        return chat_stream(api, exchange, head)

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means: Claude's words, or Google's."""
        if _CLAUDES_ERROR.match(body):
            return self._claudes_errors.of(head, body, self._wall())
        return self._errors.read(head.status, body, read_retry_after(head.headers, self._wall()))

    def models(self) -> tuple[str, ...]:
        """Return the names that are mapped to others; the rest is known to the provider alone."""
        return tuple(self._settings.model_mapping)

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for a page of Google's own models, or None for an API key, which lists none."""
        if self._settings.api_key:
            return None
        project = ("x-goog-user-project", self._project)
        return UpstreamRequest("GET", f"{self._places.models_url}?{page_query(after)}", (*self._plain_headers, project))

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists: a choice of Google's models, and none of other publishers."""
        self._errors.check_type(head, body)
        return read_page(
            body,
            self._errors.nonsense,
            under="publisherModels",
            name="name",
            prefix="publishers/google/models/",
            token="nextPageToken",
            complete=False,
        )

    def transport(self) -> Transport | None:
        """Return None: the gateway's shared HTTP transport serves."""
        return None

    def over(self, shared: Transport) -> Transport:
        """Return a transport that fetches tokens where credentials ask for them."""
        return shared if self._tokens is None else Authorized(self._tokens, shared)

    def _api(self, target: Target) -> GeminiApi | ClaudeApi:
        publisher = publisher_of(target.model)
        if publisher == "anthropic":
            return self._claude
        if publisher in ("google", ""):
            return self._gemini
        told = f"provider {self._name!r} knows the models of google and anthropic, not of {publisher[:40]!r}"
        raise NotFound(told, code="model_not_found", param="model")

    def _asked(self, head: UpstreamHead) -> GeminiApi | ClaudeApi:
        """Return the API that an answer is of. Several attempts may be under way, so the exchange cannot tell."""
        return self._api(head.target) if head.target is not None else self._gemini

    def _make(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request for images, made or changed, or for speech."""
        dropped = Dropped(self._name, strict=self._settings.strict)
        if publisher_of(target.model) not in ("google", ""):
            raise UnsupportedEndpoint.of(self._name, exchange.request.operation)  # with the models of others
        request = made_request(exchange, target.model, self._places.url, self._plain_headers, dropped, self._name)
        note_dropped(exchange, dropped)
        return request

    def _rank(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        if not self._places.rank_url:
            told = f"provider {self._name!r} ranks documents for a project, and an api_key says none: name it"
            raise UnsupportedEndpoint(told, param="model")
        dropped = Dropped(self._name, strict=self._settings.strict)
        fields = exchange.request.fields
        body = rank_body(asked_in(fields), target.model, fields, dropped)
        note_dropped(exchange, dropped)
        headers = (*self._plain_headers, ("x-goog-user-project", self._project))
        return UpstreamRequest("POST", self._places.rank_url, headers, body)

    def _ranked(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage]:
        self._errors.check_type(head, body)
        try:
            ranking, usage = read_ranking(body, asked_in(exchange.request.fields))
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error
        return Reply(body=msgspec.json.encode(ranking)), usage

    def _embed(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        request = embedding_request(exchange)
        texts = texts_of(request, self._name)
        method, body = "predict", predict_body(request, texts)
        if name_of(target.model).startswith(EMBEDDED_ALONE):
            if len(texts) > 1:
                told = f"provider {self._name!r} embeds one text a call with {target.model!r}"
                raise InvalidRequest(told, code="unsupported_parameter", param="input")
            method, body = embed_body(request, f"models/{name_of(target.model)}", texts)
        return UpstreamRequest("POST", self._places.url(target.model, method), self._plain_headers, body)

    def _embedded(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        self._errors.check_type(head, body)
        read = read_predictions if b'"predictions"' in body else read_vectors
        try:
            return embeddings_reply(exchange, *read(body), self._name)
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error


def _credentials(settings: VertexSettings) -> dict[str, str]:
    """Return the headers that say who asks, where these do not change."""
    if settings.api_key.strip():
        return {"x-goog-api-key": str(settings.api_key).strip()}
    if settings.access_token.strip():
        return {"authorization": f"Bearer {settings.access_token.strip()}"}
    return {}
