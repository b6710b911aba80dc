"""Gemini's API as one side of the form. Where its models are, and who may ask them, is for the provider to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped, EventDecoder
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.reply import Reply, Usage

from ..headers import Headers
from .answer import AnswerReader
from .counting import METHOD, asked_of, check_count, counting_body
from .errors import GoogleErrors
from .passing import PASSED, PassedStream, check_answer, choices_of, passed_fields
from .request import body_of
from .stream import GeminiStream

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

_encode = msgspec.json.Encoder().encode


class GeminiApi:
    """Chats in Gemini's API.

    Args:
        name: The provider's name in the configuration.
        url: The URL of a model's method, by both their names.
        headers: Headers of a plain call, and of a stream.
        errors: Maps its errors.
        safety: Thresholds by category.
        ids: Whether calls and results carry ids.
        labels: Whether the API takes labels.
        files_url: Where the ids of uploaded files lead to, or empty where there are none.
    """

    dialect = "gemini"

    def __init__(
        self,
        name: str,
        url: Callable[[str, str], str],
        headers: tuple[Headers, Headers],
        errors: GoogleErrors,
        *,
        safety: Mapping[str, str],
        ids: bool = True,
        labels: bool = False,
        files_url: str = "",
    ) -> None:
        self._name = name
        self._url = url
        self._plain_headers, self._stream_headers = headers
        self._errors = errors
        self._reader = AnswerReader(errors)
        self._safety = safety
        self._ids = ids
        self._labels = labels
        self._files_url = files_url

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target. Raises InvalidRequest where it cannot be asked for it."""
        body = self._body(chat, target, dropped)
        if chat.stream:
            return self._request(target, "streamGenerateContent?alt=sse", self._stream_headers, body)
        return self._request(target, "generateContent", self._plain_headers, body)

    def count(self, exchange: Exchange, target: Target, resource: str = "") -> UpstreamRequest:
        """Return the request that has the tokens counted of what is asked.

        Args:
            resource: What the API calls the target's model, where it wants a whole request to count.
        """
        body = self._body(asked_of(exchange), target, Dropped(self._name, strict=False))
        return self._request(target, METHOD, self._plain_headers, counting_body(body, resource))

    def passes(self, exchange: Exchange) -> bool:
        """Say whether the caller's own fields go to the model."""
        return exchange.request.dialect == self.dialect and exchange.request.operation in PASSED

    def pass_on(self, exchange: Exchange, target: Target, resource: str = "") -> UpstreamRequest:
        """Return a request with the caller's own fields. ``resource`` is as `count` has it."""
        request = exchange.request
        exchange.notes.pop("dropped", None)  # of the target before
        fields = passed_fields(request.fields, self._safety)
        if request.operation == "count_generate":
            alone = fields.keys() == {"contents"}
            body = counting_body(fields, "" if alone else resource)
            return self._request(target, METHOD, self._plain_headers, body)
        if request.stream:
            return self._request(target, "streamGenerateContent?alt=sse", self._stream_headers, fields)
        return self._request(target, "generateContent", self._plain_headers, fields)

    def passed(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return an answer as it came, and its tokens. Raises GatewayError where it is none."""
        if exchange.request.operation == "count_generate":
            check_count(self._errors, head, body)
            return Reply(body=body), None
        return Reply(body=body), check_answer(self._errors, head, body)

    def passed_stream(self, exchange: Exchange, head: UpstreamHead) -> PassedStream:
        """Return a decoder for a stream that passes through. Raises UpstreamError where it is none."""
        return PassedStream(self._name, self._errors, sse=self._is_sse(head), choices=choices_of(exchange.request))

    def _body(self, chat: Chat, target: Target, dropped: Dropped) -> dict[str, Any]:
        return body_of(
            chat,
            target.model,
            dropped,
            safety=self._safety,
            ids=self._ids,
            labels=self._labels,
            files_url=self._files_url,
        )

    def _request(self, target: Target, method: str, headers: Headers, body: dict[str, Any]) -> UpstreamRequest:
        try:
            return UpstreamRequest("POST", self._url(target.model, method), headers, _encode(body))
        except (ValueError, RecursionError) as error:  # half a surrogate pair, or a schema without an end
            raise InvalidRequest(f"the request cannot be written for provider {self._name!r}: {error}") from error

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a complete, successful answer says. Raises GatewayError where it is none."""
        return self._reader.read(head, body)

    def events(self, chat: Chat, head: UpstreamHead) -> EventDecoder:
        """Return a decoder for a stream, or for a whole answer in its place. Raises UpstreamError for anything else."""
        return GeminiStream(self._name, self._errors, sse=self._is_sse(head), choices=chat.n)

    def _is_sse(self, head: UpstreamHead) -> bool:
        sse = head.media_type in ("text/event-stream", "")
        if not sse:
            self._errors.check_type(head)
        return sse
