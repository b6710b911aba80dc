"""AWS Bedrock: chats by Converse, and embeddings by InvokeModel.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

from sluicegate.pipeline.errors import GatewayError, InvalidRequest
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, TimedTransport, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..form_translator import FormTranslator
from ..headers import Headers, bearer, both_headers
from ..openai.tool_names import long_names
from ..reading import Malformed
from ..secrets import Secrets
from .answer import read_answer
from .embeddings import embed_body, read_vectors
from .errors import BedrockErrors
from .listing import listing_url, read_listing
from .places import model_url, runtime_root
from .request import body_of
from .settings import BedrockSettings
from .signing import Signing, TimedSigning
from .sigv4 import Signer
from .stream import ConverseEvents

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Target

SERVICE = "bedrock"
"""What signatures call it, whatever the host is called."""
EVENT_STREAM = "application/vnd.amazon.eventstream"
_encode = msgspec.json.Encoder().encode


@provider("bedrock", summary="AWS Bedrock by its Converse API, signed or with a key.", settings=BedrockSettings)
class Bedrock(FormTranslator):
    """Translates to Bedrock's API.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for signatures, and for dates in ``retry-after``.

    Raises:
        ValueError: Nothing says who asks, and AWS itself is to be asked.
    """

    def __init__(self, name: str, settings: BedrockSettings, *, wall: Callable[[], float] = time.time) -> None:
        credentials = settings.credentials()
        if credentials is None and not settings.api_key.strip() and not settings.base_url:
            raise ValueError(f"provider {name!r} needs an api_key, or access_key_id and secret_access_key")
        hidden = (settings.access_key_id, settings.secret_access_key, settings.session_token)
        self._named_errors = BedrockErrors(name, Secrets(settings, *(str(one).strip() for one in hidden)))
        super().__init__(name, settings, self._named_errors, wall)
        self._region = settings.region
        self._root = runtime_root(settings.base_url, settings.region)
        self._plain_headers, self._stream_headers = both_headers(settings, bearer(settings), stream_type=EVENT_STREAM)
        self._signer = Signer(credentials, settings.region, SERVICE) if credentials is not None else None

    def ask(self, chat: Chat, target: Target, dropped: Dropped) -> UpstreamRequest:
        """Return the request that asks a target for a chat. Raises InvalidRequest for what it cannot be told."""
        method, headers = "converse", self._plain_headers
        if chat.stream:
            method, headers = "converse-stream", self._stream_headers
        return self._request(target, method, headers, partial(body_of, chat, target.model, dropped))

    def answer(self, chat: Chat, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a whole answer says. Raises Malformed."""
        return read_answer(body, long_names(chat))

    def events(self, chat: Chat, head: UpstreamHead) -> ConverseEvents:
        """Return a decoder for a stream. Raises UpstreamError where it is none, such as a page."""
        if head.media_type not in (EVENT_STREAM, ""):
            self._types.check_type(head)
            raise self._errors.nonsense("is not a stream")
        return ConverseEvents(self._name, self._named_errors, long_names(chat))

    def embed(
        self, request: EmbeddingRequest, texts: list[str], target: Target, fields: Mapping[str, msgspec.Raw]
    ) -> UpstreamRequest:
        """Return the request that asks a target for embeddings. Raises InvalidRequest for what it cannot be told."""
        made = partial(embed_body, request, texts, target.model, fields, self._name)
        return self._request(target, "invoke", self._plain_headers, made)

    def vectors(self, head: UpstreamHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
        """Return the vectors of an answer in the order of the texts, and its tokens. Raises Malformed."""
        return read_vectors(head, body)

    def list_models(self, after: str = "") -> UpstreamRequest | None:
        """Return the request for the list of models, or for that of profiles."""
        url = listing_url(self._settings.base_url, self._region, after)
        return UpstreamRequest("GET", url, self._plain_headers)

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return what a successful answer lists. Raises UpstreamError where it is no list."""
        self._types.check_type(head, body)
        try:
            return read_listing(body)
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        return self._named_errors.of(head, body, self._wall())

    def over(self, shared: Transport) -> Transport:
        """Return a transport that signs requests where credentials are there to do it with."""
        if self._signer is None:
            return shared
        if hasattr(shared, "send_by"):
            return TimedSigning(self._signer, cast("TimedTransport", shared), self._wall)
        return Signing(self._signer, shared, self._wall)

    def _request(
        self, target: Target, method: str, headers: Headers, body: Callable[[], dict[str, object]]
    ) -> UpstreamRequest:
        try:
            return UpstreamRequest("POST", model_url(self._root, target.model, method), headers, _encode(body()))
        except (ValueError, RecursionError) as error:  # half a surrogate pair, or a schema without an end
            raise InvalidRequest(f"the request cannot be written for provider {self._name!r}: {error}") from error
