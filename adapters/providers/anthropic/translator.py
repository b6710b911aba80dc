"""Anthropic's own API. What is asked in its dialect passes through; all else goes through the form.

Source: https://platform.claude.com/docs/en/api/messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings
from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, StreamDecoder, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage

from ..model_lists import read_list
from ..openai.passage import Passage
from ..secrets import Secrets
from ..translation import chat_stream, decode_chat, encode_chat, note_dropped
from .answer import check_json, read_answer
from .errors import AnthropicErrors
from .foreign import without_foreign
from .passing import PassedStream, check_count, check_message
from .request import Terms, write_request
from .stream import MessageEvents

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

UNSAMPLED = "2026-10-21"
"""The version that refuses temperature, top_p and top_k, whatever their values."""
KEPT = frozenset({"files", "message_batches"})
"""What lies with it for an account, below ``/v1``."""
VERSION, BETA = "anthropic-version", "anthropic-beta"
FILES = "files-api-2025-04-14"
"""By which its files are asked for, in the older version: https://platform.claude.com/docs/en/build-with-claude/files"""
_PATHS = {"messages": "/v1/messages", "count_tokens": "/v1/messages/count_tokens"}
_PAGE = 1000
"""Models on one page, the most that it may have."""
_JSON = {"accept": "application/json"}
# Compression would hold chunks back until enough have come together.
_STREAM = {"accept": "text/event-stream", "accept-encoding": "identity"}
_encode = msgspec.json.Encoder().encode


class AnthropicSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach Anthropic, or a server that speaks its API."""

    base_url: Annotated[str, Meta(description="Where its API is, without /v1.")] = "https://api.anthropic.com"
    version: Annotated[
        Literal["2023-06-01", "2026-10-21"],
        Meta(description="The API's version to speak, where a caller names none; the newer one knows no temperature."),
    ] = "2023-06-01"
    auth: Annotated[
        Literal["x-api-key", "bearer"],
        Meta(description="How to send api_key: as x-api-key, or as a bearer token, as OAuth gives them."),
    ] = "x-api-key"
    max_tokens: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Of answers to requests that set no limit, which the API demands. Unset means 16384."),
    ] = None


@provider("anthropic", summary="Anthropic: Claude by its Messages API.", settings=AnthropicSettings)
class Anthropic:
    """Translates to the Messages API.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in headers.

    Attributes:
        dialect: Whose requests pass through.
    """

    dialect = "anthropic"

    def __init__(self, name: str, settings: AnthropicSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._name = name
        self._settings = settings
        self._wall = wall
        self._urls = _operation_urls(settings.base_url or AnthropicSettings.base_url)
        self._models_url = self._urls.pop("models")
        self._headers = _headers(settings)
        self._configured = {header.strip().lower(): value.strip() for header, value in settings.headers.items()}
        self._terms = Terms(max_tokens=settings.max_tokens, samples=settings.version != UNSAMPLED)
        self._errors = AnthropicErrors(name, Secrets(settings))
        base = settings.base_url or AnthropicSettings.base_url
        shown, version = _shown(self._headers), {VERSION: settings.version}
        self._passage = Passage(settings, base, shown, defaults=version)
        self._kept = Passage(settings, self._urls.pop("kept"), shown, KEPT, {**version, BETA: FILES})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"

    def operations(self) -> frozenset[str]:
        """Return the one kind of request that this API has, and what is passed through."""
        return self._passage.operations | self._kept.operations | {"chat"}

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the caller's own fields but for the model's name and foreign thoughts, or what they mean in this API.

        Raises:
            InvalidRequest: This API has no such operation, or cannot be told what is asked.
        """
        request = exchange.request
        if request.passing is not None:
            passage = self._kept if request.operation in KEPT else self._passage
            return passage.encode(exchange, request.passing)
        if self._passes(exchange):
            dropped = Dropped(self._name, strict=self._settings.strict)
            fields = without_foreign(request.fields, target.model, dropped)
            note_dropped(exchange, dropped)
            fields["model"] = msgspec.Raw(_encode(target.model))
            said = {name: request.headers.get(name, "") for name in (VERSION, BETA)}
            return self._request(request.operation, _encode(fields), stream=request.stream, said=said)
        return encode_chat(self, exchange, target, name=self._name, settings=self._settings)

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target. Raises InvalidRequest as `write_request` does."""
        message = write_request(chat, target.model, self._terms, dropped)
        body = _encode({"model": target.model, **message.fields, **({"stream": True} if chat.stream else {})})
        return self._request("messages", body, stream=chat.stream, said={BETA: ",".join(message.betas)})

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the answer, and its tokens.

        Raises:
            GatewayError: It is none of this API's, or an error that came with a successful status.
        """
        if not self._passes(exchange):
            return decode_chat(self, exchange, head, body)
        if exchange.request.operation == "count_tokens":
            check_count(self._errors, head, body)
            return Reply(body=body), None
        return Reply(body=body), check_message(self._errors, head, body)

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a complete, successful answer says. Raises GatewayError as `read_answer` does."""
        return read_answer(self._errors, head, body)

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream.

        Raises:
            UpstreamError: The answer is none, such as a page.
        """
        if exchange.request.passing is not None:
            return self._passage.decoder(head)
        if not self._passes(exchange):
            return chat_stream(self, exchange, head)
        self._check_stream(head)
        return PassedStream(self._name, self._errors)

    def events(self, chat: Chat, head: UpstreamHead) -> MessageEvents:
        """Return a decoder for a streamed, successful answer. Raises UpstreamError where it is none."""
        self._check_stream(head)
        return MessageEvents(self._name, self._errors)

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        return self._errors.of(head, body, self._wall())

    def models(self) -> tuple[str, ...]:
        """Return the names that are mapped to others; the rest is known to the provider alone."""
        return tuple(self._settings.model_mapping)

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for a page of the list of models."""
        url = f"{self._models_url}{'&' if '?' in self._models_url else '?'}limit={_PAGE}"
        if after:
            url += f"&after_id={quote(after, safe='')}"
        return UpstreamRequest("GET", url, tuple({**_JSON, **self._headers, **self._configured}.items()))

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists; aliases, such as those that end in -latest, are not in it."""
        check_json(self._errors, head, body)
        names, fields = read_list(body, self._errors.nonsense)
        last = fields.get("last_id") if fields.get("has_more") is True else None
        return ModelPage(names, last if isinstance(last, str) else "", complete=False)

    def transport(self) -> Transport | None:
        """Return None: the gateway's shared HTTP transport serves."""
        return None

    def counts_tokens(self, exchange: Exchange) -> bool:
        """Say that tokens are counted upstream for those who ask in the API's own words."""
        return self._passes(exchange)

    def _passes(self, exchange: Exchange) -> bool:
        return exchange.request.dialect == self.dialect and exchange.request.operation in _PATHS

    def _request(self, operation: str, body: bytes, *, stream: bool, said: Mapping[str, str]) -> UpstreamRequest:
        """Return a request. What the configuration says of a header stands above ``said``, and that above the rest."""
        headers = {**self._headers, **{name: value for name, value in said.items() if value}}
        wanted = {"accept": "text/event-stream", "accept-encoding": "identity"} if stream else _JSON
        return UpstreamRequest(
            "POST", self._urls[operation], tuple({**wanted, **headers, **self._configured}.items()), body
        )

    def _check_stream(self, head: UpstreamHead) -> None:
        if head.media_type in ("text/event-stream", ""):
            return
        check_json(self._errors, head, b"{}")
        raise self._errors.nonsense("is not a stream")


def _operation_urls(base_url: str) -> dict[str, str]:
    """Return the URL of each operation. A base that ends in ``/v1``, as other APIs want it, is taken as well."""
    parts = urlsplit(base_url.strip())
    path = parts.path.rstrip("/").removesuffix("/v1")
    paths = {**_PATHS, "models": "/v1/models", "kept": "/v1"}
    return {
        operation: urlunsplit((parts.scheme, parts.netloc, path + end, parts.query, ""))
        for operation, end in paths.items()
    }


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that go with any request; what its body is, and in which version, its sender says."""
    return {name: value for name, value in headers.items() if name not in ("content-type", VERSION)}


def _headers(settings: AnthropicSettings) -> dict[str, str]:
    headers = {
        "content-type": "application/json",
        "user-agent": "sluicegate",
        VERSION: settings.version,
    }
    key = str(settings.api_key).strip()
    if key and settings.auth == "bearer":
        headers["authorization"] = f"Bearer {key}"
    elif key:
        headers["x-api-key"] = key
    return headers
