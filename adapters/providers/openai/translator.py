"""OpenAI, and the many servers that speak its API. Bytes pass through: only what must change is changed.

Sources: https://platform.openai.com/docs/api-reference, and the servers that are compatible with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import GatewayError, InvalidRequest
from sluicegate.pipeline.provider import StreamDecoder, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage

from ..problem import read_problem
from ..retry_after import read_retry_after
from ..secrets import Secrets
from .errors import ErrorTable
from .history import strip_history
from .stream import OpenAIStream
from .unstreamed import UnstreamedAnswer
from .urls import is_openai_itself, operation_urls
from .whole import AnswerReader

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

Headers = tuple[tuple[str, str], ...]
_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_TRUE = msgspec.Raw(b"true")
_ALWAYS_USAGE = msgspec.Raw(b'{"include_usage":true}')


class OpenAISettings(HttpProviderSettings, kw_only=True, frozen=True):
    """How to reach OpenAI, or a server that speaks its API."""

    base_url: Annotated[str, Meta(description="Where its API is, as far as /v1.")] = "https://api.openai.com/v1"


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


@provider(
    "openai", summary="OpenAI, and servers that speak its API: vLLM, llama.cpp and others.", settings=OpenAISettings
)
class OpenAI:
    """Translates to OpenAI's API, which is also the callers': mostly by leaving alone.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    default_url = "https://api.openai.com/v1"

    def __init__(self, name: str, settings: HttpProviderSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._name = name
        self._settings = settings
        self._wall = wall
        base_url = settings.base_url or self.default_url
        self._urls = operation_urls(base_url)
        self._strips = is_openai_itself(base_url)
        self._plain_headers = _headers(settings, accept="application/json")
        # Compression would hold chunks back until enough have come together.
        self._stream_headers = _headers(settings, accept="text/event-stream", **{"accept-encoding": "identity"})
        self._errors = ErrorTable(name, Secrets(settings))
        self._reader = AnswerReader(self._errors)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the caller's request with the target's model in it. Values keep their bytes.

        Raises:
            InvalidRequest: The operation is none of this API's.
        """
        request = exchange.request
        url = self._urls.get(request.operation)
        if url is None:
            raise InvalidRequest(f"provider {self._name!r} has no operation {request.operation!r}")
        fields = {**request.fields, "model": msgspec.Raw(_encode(target.model))}
        if self._strips and "messages" in fields:
            fields["messages"] = strip_history(fields["messages"])
        if not request.stream:
            return UpstreamRequest("POST", url, self._plain_headers, _encode(fields))
        fields["stream_options"] = _with_usage(fields.get("stream_options"))
        return UpstreamRequest("POST", url, self._stream_headers, _encode(fields))

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the answer as it came, and its tokens.

        Raises:
            GatewayError: It is none of this API's, or an error that came with a successful status.
        """
        usage = self._reader.read(exchange.request.operation, head, body)
        return Reply(body=body), usage

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream, or for a whole answer where the server ignored ``stream: true``.

        Raises:
            UpstreamError: The answer is neither, such as a page.
        """
        fields = exchange.request.fields
        wants_usage = _wants_usage(fields)
        if head.media_type in ("text/event-stream", ""):
            return OpenAIStream(self._name, self._errors, wants_usage=wants_usage, choices=_choices(fields))
        self._reader.check_type(head)
        operation = exchange.request.operation
        return UnstreamedAnswer(self._name, self._reader, operation, head, wants_usage=wants_usage)

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        retry_after = read_retry_after(head.headers, self._wall())
        return self._errors.error(head.status, read_problem(body), retry_after)

    def models(self) -> tuple[str, ...]:
        """Return the names that are mapped to others; the rest is known to the provider alone."""
        return tuple(self._settings.model_mapping)

    def transport(self) -> Transport | None:
        """Return None: the gateway's shared HTTP transport serves."""
        return None


def _headers(settings: HttpProviderSettings, **ours: str) -> Headers:
    """Return what goes with each request. Configured headers win over ours; all names are in lower case."""
    headers = {"content-type": "application/json", "user-agent": "sluicegate", **ours}
    key = str(settings.api_key).strip()
    if key:
        headers["authorization"] = f"Bearer {key}"
    headers.update((name.strip().lower(), value.strip()) for name, value in settings.headers.items())
    return tuple(headers.items())


def _with_usage(options: msgspec.Raw | None) -> msgspec.Raw:
    """Return stream options that ask for usage, whatever else they ask for: the accounts need it."""
    if options is None or bytes(options) == b"null":
        return _ALWAYS_USAGE
    try:
        return msgspec.Raw(_encode({**_decode_fields(options), "include_usage": _TRUE}))
    except msgspec.DecodeError:
        return _ALWAYS_USAGE  # not an object: `validate` is not in the pipeline


def _wants_usage(fields: dict[str, msgspec.Raw]) -> bool:
    """Say whether the client asked for the chunk that holds nothing but usage."""
    raw = fields.get("stream_options")
    if raw is None:
        return False
    try:
        options = msgspec.json.decode(raw, type=_StreamOptions | None)
    except msgspec.DecodeError:
        return False
    return options is not None and bool(options.include_usage)


def _choices(fields: dict[str, msgspec.Raw]) -> int:
    """Return how many answers were asked for."""
    raw = fields.get("n")
    try:
        return max(1, msgspec.json.decode(raw, type=int)) if raw is not None else 1
    except msgspec.DecodeError:
        return 1
