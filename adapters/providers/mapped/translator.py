"""The translator for APIs that are declared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped, EventDecoder
from sluicegate.pipeline.provider import StreamDecoder, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage

from ..family.errors import FamilyErrors
from ..family.profile import ErrorRules
from ..openai.whole import AnswerReader
from ..problem import read_problem
from ..retry_after import read_retry_after
from ..secrets import Secrets
from ..translation import chat_stream, decode_chat, encode_chat
from .asked import values_of
from .reading import ItemEvents, Reader, WholeEvents
from .settings import MappedSettings
from .template import filled, filled_text, variables_in

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target


@provider(
    "mapped", summary="Any JSON API that continues texts, declared by templates and paths.", settings=MappedSettings
)
class Mapped:
    """Translates by templates and paths. No caller speaks such an API, so all go through the form between dialects.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    dialect = ""

    def __init__(self, name: str, settings: MappedSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._name = name
        self._settings = settings
        self._wall = wall
        self._key = str(settings.api_key).strip()
        self._in_url = frozenset(variables_in(settings.base_url))
        self._used = self._in_url.union(variables_in(settings.body))
        statuses = {int(status): kind for status, kind in settings.errors.statuses.items()}
        secrets = Secrets(settings, quote(self._key, safe=""))
        self._errors = FamilyErrors(name, secrets, ErrorRules(statuses=statuses))
        self._reader = Reader(settings, self._errors, wall)
        self._answers = AnswerReader(self._errors)
        self._headers = self._shown_headers()

    def __repr__(self) -> str:
        return f"<Mapped {self._name!r}>"

    def operations(self) -> frozenset[str]:
        """Return the one kind of request that templates are for."""
        return frozenset({"chat"})

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks it. Raises InvalidRequest for what it cannot be told."""
        return encode_chat(self, exchange, target, name=self._name, settings=self._settings)

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the answer in the caller's dialect, and its tokens. Raises GatewayError where it is none."""
        return decode_chat(self, exchange, head, body)

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder that makes the caller's chunks."""
        return chat_stream(self, exchange, head)

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        problem = read_problem(body)
        if problem.structured:
            problem = self._reader.problem(msgspec.json.decode(body))
        return self._errors.error(head.status, problem, read_retry_after(head.headers, self._wall()))

    def models(self) -> tuple[str, ...]:
        """Return the names that are mapped to others."""
        return tuple(self._settings.model_mapping)

    def transport(self) -> Transport | None:
        """Return None: the gateway's shared HTTP transport serves."""
        return None

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target. Raises InvalidRequest for what it cannot be told."""
        stream = chat.stream and self._settings.stream.format != "none"
        values = {**values_of(chat, target.model, self._used, dropped, stream=stream), "api_key": self._key}
        body = msgspec.json.encode(filled(self._settings.body, values))
        texts = {name: quote(filled_text(f"{{{{{name}}}}}", values), safe="") for name in self._in_url}
        return UpstreamRequest("POST", filled_text(self._settings.base_url.strip(), texts), self._headers, body)

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a whole answer says. Raises GatewayError where it is none."""
        self._answers.check_type(head, body)
        return self._reader.answer(body)

    def events(self, chat: Chat, head: UpstreamHead) -> EventDecoder:
        """Return a decoder for a stream, or for a whole answer where it has none. Raises UpstreamError for a page."""
        if self._settings.stream.format == "none" or head.media_type == "text/html":
            self._answers.check_type(head)
            return WholeEvents(self._reader)
        return ItemEvents(self._name, self._reader, self._settings)

    def _shown_headers(self) -> tuple[tuple[str, str], ...]:
        headers = {"content-type": "application/json", "user-agent": "sluicegate"}
        for name, value in self._settings.headers.items():
            headers[name.strip().lower()] = filled_text(value.strip(), {"api_key": self._key})
        return tuple(headers.items())
