"""Claude on Vertex AI: the Messages API, with the model in the URL and the version in the body.

Source: https://platform.claude.com/docs/en/api/claude-on-vertex-ai
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.reply import Reply, Usage

from ..anthropic.answer import check_json, read_answer
from ..anthropic.errors import AnthropicErrors
from ..anthropic.foreign import without_foreign
from ..anthropic.passing import PassedStream, check_count, check_message
from ..anthropic.request import Terms, write_request
from ..anthropic.stream import MessageEvents
from ..headers import Headers
from .places import name_of

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

VERSION = "vertex-2023-10-16"
COUNTER = "anthropic/count-tokens"
"""What counts tokens, in the place of a model."""
PASSED = frozenset({"messages", "count_tokens"})
_TERMS = Terms(fetches=False, tiers=False)
_encode = msgspec.json.Encoder().encode


class ClaudeApi:
    """Chats with Claude on Vertex AI. Callers who speak the Messages API themselves pass through.

    Args:
        name: The provider's name in the configuration.
        url: The URL of a model's method, by both their names.
        headers: Headers of a plain call, and of a stream.
        errors: Maps its errors.
    """

    dialect = "anthropic"

    def __init__(
        self, name: str, url: Callable[[str, str], str], headers: tuple[Headers, Headers], errors: AnthropicErrors
    ) -> None:
        self._name = name
        self._url = url
        self._plain_headers, self._stream_headers = headers
        self._errors = errors

    def passes(self, exchange: Exchange) -> bool:
        """Say whether the caller's own fields go to the model."""
        return exchange.request.dialect == self.dialect and exchange.request.operation in PASSED

    def pass_on(self, exchange: Exchange, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return a request with the caller's own fields. Raises InvalidRequest as `without_foreign` does."""
        request = exchange.request
        fields: dict[str, object] = {**without_foreign(request.fields, name_of(target.model), dropped)}
        fields.pop("model", None)
        betas = [beta.strip() for beta in request.headers.get("anthropic-beta", "").split(",") if beta.strip()]
        if betas:
            fields.setdefault("anthropic_beta", betas)
        if request.operation == "count_tokens":
            fields["model"] = name_of(target.model)
            return self._request(COUNTER, fields, stream=False)
        return self._request(target.model, fields, stream=request.stream)

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target. Raises InvalidRequest as `write_request` does."""
        message = write_request(chat, name_of(target.model), _TERMS, dropped)
        fields: dict[str, object] = {**message.fields}
        if message.betas:
            fields["anthropic_beta"] = list(message.betas)
        if chat.stream:
            fields["stream"] = True
        return self._request(target.model, fields, stream=chat.stream)

    def passed(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return an answer as it came, and its tokens. Raises GatewayError where it is none."""
        if exchange.request.operation == "count_tokens":
            check_count(self._errors, head, body)
            return Reply(body=body), None
        return Reply(body=body), check_message(self._errors, head, body)

    def passed_stream(self, head: UpstreamHead) -> PassedStream:
        """Return a decoder for a stream that passes through. Raises UpstreamError where it is none."""
        self._check_stream(head)
        return PassedStream(self._name, self._errors)

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a complete, successful answer says. Raises GatewayError as `read_answer` does."""
        return read_answer(self._errors, head, body)

    def events(self, chat: Chat, head: UpstreamHead) -> MessageEvents:
        """Return a decoder for a streamed, successful answer. Raises UpstreamError where it is none."""
        self._check_stream(head)
        return MessageEvents(self._name, self._errors)

    def _request(self, model: str, fields: dict[str, object], *, stream: bool) -> UpstreamRequest:
        method = "streamRawPredict" if stream else "rawPredict"
        headers = self._stream_headers if stream else self._plain_headers
        place = model if "/" in model else f"anthropic/{model}"
        return UpstreamRequest(
            "POST", self._url(place, method), headers, _encode({**fields, "anthropic_version": VERSION})
        )

    def _check_stream(self, head: UpstreamHead) -> None:
        if head.media_type not in ("text/event-stream", ""):
            check_json(self._errors, head, b"{}")
            raise self._errors.nonsense("is not a stream")
