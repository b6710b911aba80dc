"""The contract with providers: pure translation on one side, a transport that moves bytes on the other.

A translator never opens a socket. It turns an exchange into a request head and body, and what came back into a reply,
chunks or an error, in the dialect of the exchange's request. A transport never looks into what it carries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import msgspec

from .config.url_secrets import masked_url
from .errors import GatewayError
from .files import Source
from .reply import Batch, Reply, Usage

if TYPE_CHECKING:
    from .config.kinds import Secret
    from .config.sections import ProviderSettings
    from .exchange import Exchange, Target
    from .keyring import Keyring


class UpstreamRequest(msgspec.Struct, frozen=True):
    """What to send. ``headers`` and the query may hold the gateway's credentials, and are never shown.

    Attributes:
        upload: In place of ``body``, what is sent in pieces; a transport may do so more than once.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    upload: Source | None = None

    def __repr__(self) -> str:
        return f"<UpstreamRequest {self.method} {masked_url(self.url)}>"


class UpstreamHead(msgspec.Struct, frozen=True):
    """The beginning of an answer. Header names are lower case.

    Attributes:
        target: Whom the answer is of, once a translator is given it. Several targets may be asked at once.
    """

    status: int
    headers: Mapping[str, str]
    target: Target | None = None

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class UpstreamResponse(Protocol):
    """An open answer."""

    @property
    def head(self) -> UpstreamHead:
        """Status and headers."""
        ...

    async def receive(self) -> bytes:
        """Return the next bytes as they come, or ``b""`` at the end of the message. A checkpoint.

        Raises:
            UpstreamError: The connection broke before the message was complete.
        """
        ...

    async def aclose(self) -> None:
        """Give the connection back, or close it when the answer is not complete.

        Safe to call twice, and where the caller is cancelled.
        """
        ...


class Transport(Protocol):
    """Carries requests to an upstream."""

    async def send(self, request: UpstreamRequest, *, connect: float) -> UpstreamResponse:
        """Send a request and return once the head of the answer is there. A checkpoint.

        Args:
            connect: Seconds that opening a connection may take.

        Raises:
            UpstreamError: No answer could be had. UpstreamTimeout: connecting took too long.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection. The caller may have little time: a cancelled one must not be made to wait."""
        ...


class TimedResponse(UpstreamResponse, Protocol):
    """An open answer that ends its own waits."""

    def put_off(self, due: float) -> None:
        """Let `receive` raise trio.TooSlowError if nothing has come by ``due``, on trio's clock."""
        ...


class TimedTransport(Transport, Protocol):
    """A transport that ends its own waits. Others are given a cancel scope, which costs more than most reads."""

    async def send_by(self, request: UpstreamRequest, *, connect: float, due: float) -> TimedResponse:
        """As `send`. A checkpoint.

        Args:
            due: When to give up, on trio's clock. It holds for the response as well, until that is put off.

        Raises:
            trio.TooSlowError: Time was up.
        """
        ...


class StreamDecoder(Protocol):
    """Turns the bytes of one streamed answer into chunks, at whatever boundaries the bytes come."""

    @property
    def usage(self) -> Usage | None:
        """The tokens reported so far, if any."""
        ...

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete; what follows is ignored."""
        ...

    def feed(self, data: bytes) -> Batch:
        """Return the chunks that these bytes complete.

        An error that comes behind chunks in the same bytes is raised by the next call, so that no chunk is lost; no
        bytes are enough for that.

        Raises:
            GatewayError: The provider reported an error in-band, or sent what is not of its own API.
        """
        ...

    def finish(self) -> Batch:
        """Say that no more bytes come; return what was still held back. An error behind it is raised by `feed`.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        ...


class Translator(Protocol):
    """One provider's API as pure functions. Built as ``Translator(name, settings)`` by the registry.

    `encode` and `decode` are called in a thread if they have much to read, also several of them at once.
    """

    def operations(self) -> frozenset[str]:
        """Return what this provider's API can be asked: kinds of requests as `Request.kind` names them."""
        ...

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks ``target`` what the exchange asks.

        Raises:
            InvalidRequest: This provider cannot be asked for it; the message names provider and field.
        """
        ...

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the reply that a complete, successful answer means, and its tokens.

        Raises:
            UpstreamError: The answer is not of this provider's API.
        """
        ...

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return a decoder for a streamed, successful answer."""
        ...

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means: fault, retryable and retry_after set."""
        ...

    def models(self) -> tuple[str, ...]:
        """Return the names of models known without asking, for the list of models."""
        ...

    def transport(self) -> Transport | None:
        """Return a transport of this provider's own, or None to use the gateway's shared HTTP transport."""
        ...


class ModelPage(msgspec.Struct, frozen=True):
    """What one answer says of a provider's models.

    Attributes:
        models: Names as targets have them, or None where the answer shows no more than that the key is good.
        after: What `ModelLister.list_models` is to be told for the next page; empty on the last one.
        complete: Whether a model that is on none of the pages cannot be asked; some lists leave out other names.
    """

    models: tuple[str, ...] | None
    after: str = ""
    complete: bool = True


@runtime_checkable
class ModelLister(Protocol):
    """What a translator is besides, whose provider says which models it has, at no cost.

    What an answer with status 300 or above means is for `Translator.error` to say.
    """

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for a page of the list, or None where the provider, as it is set up, has none.

        Args:
            after: Which page, by the word of the one before; empty for the first.
        """
        ...

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists.

        Raises:
            UpstreamError: It is no list.
        """
        ...


@runtime_checkable
class Carried(Protocol):
    """What a translator is besides, whose requests lack something until they are sent, such as a token to be fetched.

    Only where `Translator.transport` returns None.
    """

    def over(self, shared: Transport) -> Transport:
        """Return what carries this provider's requests, on top of the gateway's shared transport."""
        ...


@dataclass(slots=True)
class Provider:
    """A configured provider, as `route` and `call` use it.

    Attributes:
        connect: Seconds that opening a connection may take; without end where none is opened.
        keys: The same provider by each of its keys, where it has several; ``translator`` is then that of the first.
        with_key: Makes the same provider with a key of the caller's own; None where callers may bring none. Raises
            ValueError for a key that cannot be sent.
    """

    name: str
    type: str
    settings: ProviderSettings
    translator: Translator
    transport: Transport
    connect: float = math.inf
    keys: Keyring | None = None
    with_key: Callable[[Secret], Provider] | None = None
    operations: frozenset[str] = field(init=False)
    """What can be asked of it, as its translator says."""

    def __post_init__(self) -> None:
        self.operations = self.translator.operations()

    @property
    def timed(self) -> TimedTransport | None:
        """The transport, if it ends its own waits."""
        # What isinstance would say; that takes 4 us with a protocol.
        return cast("TimedTransport", self.transport) if hasattr(self.transport, "send_by") else None
