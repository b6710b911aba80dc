"""OpenAI, and the many servers that speak its API. Bytes pass through: only what must change is changed.

Sources: https://platform.openai.com/docs/api-reference, and the servers that are compatible with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import msgspec

from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import GatewayError, UnsupportedEndpoint, UpstreamError
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, StreamDecoder, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas.forms import FORMS

from ..model_lists import read_page
from ..problem import read_problem
from ..retry_after import read_retry_after
from ..secrets import Secrets
from ..translation import chat_stream, decode_chat, encode_chat, note_dropped
from .asked import choices_in, wants_usage, with_usage
from .chats import OpenAIChats
from .errors import ErrorTable
from .form_answer import read_form_answer
from .form_request import check_transcript, form_of
from .history import strip_history
from .media_stream import media_stream
from .mender import ChunkMender
from .passage import Passage
from .reranked import mend_reranked
from .responses import PassedResponse, check_stream, passed_fields, passed_url, read_passed
from .settings import OpenAISettings
from .stream import OpenAIStream
from .typed_stream import TypedStream, WholeAsTyped
from .unstreamed import UnstreamedAnswer
from .urls import COUNT, MEDIA, MODELS, PATHS, RESPONSES, is_openai_itself, operation_urls
from .whole import AnswerReader

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target
    from sluicegate.pipeline.request import Request

Headers = tuple[tuple[str, str], ...]
_encode = msgspec.json.Encoder().encode


@provider(
    "openai", summary="OpenAI, and servers that speak its API: vLLM, llama.cpp and others.", settings=OpenAISettings
)
class OpenAI:
    """Translates to OpenAI's API, which is also most callers': theirs is mostly left alone.

    What callers of other dialects ask goes through the form between dialects.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    default_url = "https://api.openai.com/v1"
    passes: ClassVar[frozenset[str]] = frozenset({"files", "batches"})
    """What is passed through to paths of its own."""
    transcripts: ClassVar[frozenset[str] | None] = None
    """The forms of a transcript that it has; None for all."""

    def __init__(self, name: str, settings: HttpProviderSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._name = name
        self._settings = settings
        self._wall = wall
        base_url = settings.base_url or self.default_url
        self._strips = is_openai_itself(base_url)
        self._urls = operation_urls(base_url, PATHS | MEDIA)
        if self._strips:
            del self._urls["rerank"]
        self._models_url = operation_urls(base_url, MODELS)["models"]
        self._responses_url = operation_urls(base_url, {RESPONSES: "/responses"})[RESPONSES]
        has = settings.responses if isinstance(settings, OpenAISettings) else None
        self._has_responses = self._strips if has is None else has
        self._plain_headers = self._headers(accept="application/json")
        # Compression would hold chunks back until enough have come together.
        self._stream_headers = self._headers(accept="text/event-stream", **{"accept-encoding": "identity"})
        self._sound_headers = self._headers(accept="*/*", **{"accept-encoding": "identity"})
        self._form_headers = self._headers(accept="*/*")  # a transcript may be text
        self._errors = ErrorTable(name, Secrets(settings))
        self._reader = AnswerReader(self._errors)
        self._chats = OpenAIChats(self)
        key = str(settings.api_key).strip()
        self._passage = Passage(settings, base_url, self._credentials(key) if key else {}, self.passes)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"

    @property
    def is_itself(self) -> bool:
        """Whether OpenAI is asked, and not one of the servers that speak its API."""
        return self._strips

    def operations(self) -> frozenset[str]:
        """Return the operations that have a URL, and those that are passed through."""
        return self._passage.operations.union(self._urls)

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the caller's request with the target's model in it. Values keep their bytes.

        Raises:
            InvalidRequest: The operation is none of this API's.
        """
        request = exchange.request
        if request.passing is not None:
            return self._passage.encode(exchange, request.passing)
        if request.operation in FORMS:
            return self._form(request, target)
        if self._passes(exchange):
            exchange.notes.pop("dropped", None)  # of the target before
            fields = {**passed_fields(request, self._name), "model": msgspec.Raw(_encode(target.model))}
            url, headers = passed_url(self._responses_url, request), self._stream_headers
            return UpstreamRequest("POST", url, headers if request.stream else self._plain_headers, _encode(fields))
        if request.dialect != self._chats.dialect:
            return encode_chat(self._chats, exchange, target, name=self._name, settings=self._settings)
        dropped = Dropped(self._name, strict=self._settings.strict)
        sent = self.upstream(request.operation, request.fields, target, dropped, stream=request.stream)
        note_dropped(exchange, dropped)
        return sent

    def upstream(
        self, operation: str, fields: Mapping[str, msgspec.Raw], target: Target, dropped: Dropped, *, stream: bool
    ) -> UpstreamRequest:
        """Return the request with these fields of OpenAI's API, brought into what this provider takes.

        Raises:
            InvalidRequest: The operation is none of this API's, or it cannot be told one of the fields.
        """
        url = self._url(operation, target)
        if url is None:
            raise UnsupportedEndpoint.of(self._name, operation)
        written = {**fields, "model": msgspec.Raw(_encode(target.model))}
        if stream and operation not in MEDIA:
            written["stream_options"] = with_usage(fields.get("stream_options"))
        self._write(operation, written, dropped)
        headers = self._stream_headers if stream else self._plain_headers
        if operation == "speech":
            headers = self._sound_headers
        return UpstreamRequest("POST", url, headers, _encode(written))

    def _form(self, request: Request, target: Target) -> UpstreamRequest:
        url = self._url(request.operation, target)
        if url is None:
            raise UnsupportedEndpoint.of(self._name, request.operation)
        check_transcript(self._name, request, self.transcripts)
        media_type, form = form_of(request, target.model)
        headers = dict(self._stream_headers if request.stream else self._form_headers)
        return UpstreamRequest("POST", url, tuple({**headers, "content-type": media_type}.items()), upload=form)

    def _passes(self, exchange: Exchange) -> bool:
        """Say whether a request in the Responses API goes on in it."""
        return (self._has_responses and exchange.request.operation == RESPONSES) or self.counts_responses(exchange)

    def counts_responses(self, exchange: Exchange) -> bool:
        """Say whether OpenAI itself is asked in its own words; the servers that speak its API do not count."""
        return self._strips and exchange.request.operation == COUNT

    def _url(self, operation: str, target: Target) -> str | None:
        """Return where a target is asked for an operation, or None where it cannot be."""
        return self._urls.get(operation)

    def _write(self, operation: str, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Change in place the fields that this provider wants otherwise."""
        if self._strips and "messages" in fields:
            fields["messages"] = strip_history(fields["messages"])

    def _credentials(self, key: str) -> dict[str, str]:
        """Return the headers that show the gateway's key."""
        return {"authorization": f"Bearer {key}"}

    def _headers(self, **ours: str) -> Headers:
        """Return what goes with each request. Configured headers win over ours; all names are in lower case."""
        headers = {"content-type": "application/json", "user-agent": "sluicegate", **ours}
        if key := str(self._settings.api_key).strip():
            headers |= self._credentials(key)
        headers.update((name.strip().lower(), value.strip()) for name, value in self._settings.headers.items())
        return tuple(headers.items())

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the answer as it came, or in the caller's dialect, and its tokens.

        Raises:
            GatewayError: It is none of this API's, or an error that came with a successful status.
        """
        request = exchange.request
        if request.operation in FORMS:
            return read_form_answer(self._errors, self._reader, request, head, body)
        if self._passes(exchange):
            return read_passed(self._errors, self._reader, request, head, body)
        if request.dialect != self._chats.dialect:
            return decode_chat(self._chats, exchange, head, body)
        body, usage = self.checked(request.operation, head, body, model=request.model)
        if request.operation == "rerank":
            body = mend_reranked(body, usage, self._errors, model=request.model, fields=request.fields)
        return Reply(body=body), usage

    def checked(
        self, operation: str, head: UpstreamHead, body: bytes, *, model: str = ""
    ) -> tuple[bytes, Usage | None]:
        """Return a complete answer as OpenAI's API has it, and its tokens. Raises as `decode`.

        Args:
            operation: What was asked.
            head: The head of the answer.
            body: All of it.
            model: What the caller asked, for answers that do not say.
        """
        self._reader.check_type(head, body)
        body = self._mend(operation, body, model)
        return body, self._reader.read(operation, head, body)

    def nonsense(self, what: str) -> UpstreamError:
        """Return the error for a successful answer that is none; ``what`` goes on from "the answer of provider x"."""
        return self._errors.nonsense(what)

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a stream, or for a whole answer where the server ignored ``stream: true``.

        Raises:
            UpstreamError: The answer is neither, such as a page.
        """
        request = exchange.request
        if request.passing is not None:
            return self._passage.decoder(head)
        if request.operation in FORMS:
            if head.media_type == "text/event-stream":
                return TypedStream(self._name, self._errors)
            return WholeAsTyped(self._errors, self._reader, request, head)
        if self._passes(exchange):
            check_stream(self._errors, head)
            return PassedResponse(self._name, self._errors)
        if request.dialect != self._chats.dialect:
            return chat_stream(self._chats, exchange, head)
        if request.operation in MEDIA:
            mend = partial(self._mend, "image", model=request.model)
            return media_stream(self._name, self._errors, self._reader, request, head, mend)
        fields = request.fields
        usage, choices, model = wants_usage(fields), choices_in(fields), request.model
        return self.chunks(request.operation, head, wants_usage=usage, choices=choices, model=model)

    def chunks(
        self, operation: str, head: UpstreamHead, *, wants_usage: bool, choices: int, model: str = ""
    ) -> StreamDecoder:
        """Return a decoder that makes OpenAI's chunks of an answer, whole or streamed. Raises as `decoder`.

        Args:
            operation: What was asked.
            head: The head of the answer.
            wants_usage: Whether the chunk that holds nothing but usage is wanted.
            choices: How many answers were asked for.
            model: What the caller asked, for answers that do not say.
        """
        if head.media_type in ("text/event-stream", ""):
            mender = self._mender(operation, model)
            return OpenAIStream(self._name, self._errors, wants_usage=wants_usage, choices=choices, mender=mender)
        self._reader.check_type(head)
        mend = partial(self._mend, operation, model=model)
        return UnstreamedAnswer(self._name, self._reader, operation, head, wants_usage=wants_usage, mend=mend)

    def _mend(self, operation: str, body: bytes, model: str) -> bytes:
        """Return a whole answer as OpenAI's API has it. What is no answer comes back as it is."""
        return body

    def _mender(self, operation: str, model: str) -> ChunkMender | None:
        """Return what brings the chunks of a stream into form, or None where they need nothing."""
        return None

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        retry_after = read_retry_after(head.headers, self._wall())
        return self._errors.error(head.status, read_problem(body), retry_after)

    def models(self) -> tuple[str, ...]:
        """Return the names that are mapped to others; the rest is known to the provider alone."""
        return tuple(self._settings.model_mapping)

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for the list of models, which has one page."""
        return UpstreamRequest("GET", self._models_url, self._plain_headers) if self._models_url else None

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists. Raises UpstreamError where it is no list."""
        self._reader.check_type(head, body)
        return read_page(body, self.nonsense)

    def transport(self) -> Transport | None:
        """Return None: the gateway's shared HTTP transport serves."""
        return None
