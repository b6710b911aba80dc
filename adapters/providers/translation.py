"""From a caller's dialect to a provider's API and back, through the one form in which they meet.

A provider that has a `ChatApi` calls these for requests in another dialect than its own; those in its own pass through
as bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.errors import UnsupportedEndpoint
from sluicegate.pipeline.form.events import Begin, Count, Event
from sluicegate.pipeline.form.sides import ChatApi, ChatDialect, Dropped, EventDecoder, StreamWriter
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.reply import Batch, Reply, Usage

from ..dialects.table import dialect_of

if TYPE_CHECKING:
    from sluicegate.pipeline.config.sections import ProviderSettings
    from sluicegate.pipeline.exchange import Exchange, Target
    from sluicegate.pipeline.form.chat import Chat


COUNTS = {"count_tokens": "input_tokens", "count_generate": "totalTokens"}
"""The operations that ask how long a conversation is, and not to go on with it; and what each calls the number."""


def encode_chat(
    api: ChatApi, exchange: Exchange, target: Target, *, name: str, settings: ProviderSettings
) -> UpstreamRequest:
    """Return the request that asks a target what the exchange asks, and note what of it had to be left out.

    Raises:
        InvalidRequest: This provider cannot be asked for it.
    """
    request = exchange.request
    if request.kind != "chat" or request.operation in COUNTS:
        raise UnsupportedEndpoint.of(name, request.operation)
    dropped = Dropped(name, strict=settings.strict)
    sent = api.ask(chat_of(exchange), target, dropped)
    note_dropped(exchange, dropped)
    return sent


def note_dropped(exchange: Exchange, dropped: Dropped) -> None:
    """Note on an exchange what was left out for the target that it is sent to now."""
    exchange.notes.pop("dropped", None)  # of the target before
    if dropped.names:
        exchange.notes["dropped"] = ", ".join(dropped.names)


def decode_chat(api: ChatApi, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
    """Return the reply that a complete answer means in the caller's dialect, and its tokens.

    Raises:
        GatewayError: It is none of the provider's API.
    """
    chat = chat_of(exchange)
    answer = api.answer(chat, head, body)
    return Reply(body=_dialect(exchange).whole(chat, answer)), answer.usage


def chat_stream(api: ChatApi, exchange: Exchange, head: UpstreamHead) -> ChatStream:
    """Return a decoder that turns a provider's stream into chunks of the caller's dialect."""
    chat = chat_of(exchange)
    return ChatStream(api.events(chat, head), _dialect(exchange).writer(chat))


def _dialect(exchange: Exchange) -> ChatDialect:
    return dialect_of(exchange.request.dialect)


def chat_of(exchange: Exchange) -> Chat:
    """Return what the exchange asks, read once for all targets. Raises InvalidRequest where it means nothing."""
    request = exchange.request
    if request.chat is None:
        request.chat = _dialect(exchange).read(request)
    return request.chat


def count_reply(exchange: Exchange, tokens: int) -> Reply:
    """Return the reply that tells an exchange how many tokens its conversation has."""
    return Reply(body=msgspec.json.encode({COUNTS[exchange.request.operation]: tokens}))


class ChatStream:
    """A provider's events as a caller's chunks.

    Args:
        decoder: Reads the provider's bytes.
        writer: Writes for the caller.
    """

    def __init__(self, decoder: EventDecoder, writer: StreamWriter) -> None:
        self._decoder = decoder
        self._writer = writer
        self._usage: Usage | None = None
        self._ended = False

    @property
    def usage(self) -> Usage | None:
        """The tokens reported so far."""
        return self._usage

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete."""
        return self._ended

    def feed(self, data: bytes) -> Batch:
        """Return the chunks of what these bytes complete. Raises as `EventDecoder.feed`."""
        return self._written(self._decoder.feed(data), over=self._decoder.done)

    def finish(self) -> Batch:
        """Say that no more bytes come; return what was still held back. Raises as `EventDecoder.finish`."""
        return self._written(self._decoder.finish(), over=True)

    def _written(self, events: list[Event], *, over: bool) -> Batch:
        for event in events:
            if isinstance(event, Begin | Count) and event.usage is not None:
                self._usage = event.usage
        batch = self._writer.write(events) if events else []
        if over and not self._ended:
            self._ended = True
            batch += self._writer.end()
        return batch
