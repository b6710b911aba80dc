"""AWS Bedrock: chats by Converse, embeddings and images by InvokeModel, rankings by Rerank.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

from sluicegate.pipeline.errors import GatewayError, InvalidRequest, UnsupportedEndpoint
from sluicegate.pipeline.form.answer import Answer
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, TimedTransport, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage
from sluicegate.pipeline.schemas import EmbeddingRequest

from ..form_translator import FormTranslator
from ..headers import Headers, bearer, both_headers
from ..openai.tool_names import long_names
from ..pictures import image_request
from ..ranking import asked_in
from ..reading import Malformed
from ..secrets import Secrets
from ..translation import COUNTS, chat_of, count_reply, note_dropped
from .answer import read_answer
from .counting import METHOD, counting_body, read_count
from .embeddings import embed_body, read_vectors
from .errors import BedrockErrors
from .images import image_body, read_images
from .listing import listing_url, read_listing
from .places import agents_root, model_url, roles_url, runtime_root
from .request import body_of
from .rerank import rank_body, read_ranking
from .roles import STS, AssumedSigning, RoleKeys
from .settings import BedrockSettings
from .signing import Signing, TimedSigning
from .sigv4 import Credentials, Signer
from .stream import ConverseEvents
from .tables import family_of

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange, Target

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
        if credentials is None and not settings.api_key.strip() and settings.role_arn:
            raise ValueError(f"provider {name!r} needs access_key_id and secret_access_key to assume its role with")
        hidden = (settings.access_key_id, settings.secret_access_key, settings.session_token)
        secrets = Secrets(settings, *(str(one).strip() for one in hidden))
        self._named_errors = BedrockErrors(name, secrets)
        super().__init__(name, settings, self._named_errors, wall)
        self._region = settings.region
        self._root = runtime_root(settings.base_url, settings.region)
        self._plain_headers, self._stream_headers = both_headers(settings, bearer(settings), stream_type=EVENT_STREAM)
        self._rerank_url = agents_root(settings.base_url, settings.region) + "/rerank"
        self._signer = self._signs_with(credentials) if credentials is not None else None
        self._role_keys: RoleKeys | None = None
        if credentials is not None and (role := settings.role()) is not None:
            url = roles_url(settings.base_url, settings.region)
            self._role_keys = RoleKeys(name, role, Signer(credentials, settings.region, STS), url, secrets, wall)

    def operations(self) -> frozenset[str]:
        """Return what it can be asked: also for images, and to rank documents."""
        return super().operations() | {"image", "rerank"}

    def counts_tokens(self, exchange: Exchange) -> bool:
        """Say whether the models that are to be asked are known to count: Claude does."""
        targets = exchange.plan.targets if exchange.plan is not None else ()
        mine = [one.model for one in targets if one.provider == self._name] or [exchange.request.model]
        return all(family_of(model).thinks == "claude" for model in mine)

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return the request that asks the target. Raises InvalidRequest where it cannot be asked for it."""
        operation = exchange.request.operation
        if operation in COUNTS:
            made = partial(counting_body, chat_of(exchange), target.model, Dropped(self._name, strict=False))
            return self._request(target, METHOD, self._plain_headers, made)
        dropped = Dropped(self._name, strict=self._settings.strict)
        if operation == "image":
            asked = image_request(exchange)
            request = self._request(
                target, "invoke", self._plain_headers, partial(image_body, asked, target.model, dropped, self._name)
            )
        elif operation == "rerank":
            request = self._rank(exchange, target, dropped)
        else:
            return super().encode(exchange, target)
        note_dropped(exchange, dropped)
        return request

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the reply that an answer means, and its tokens. Raises GatewayError where it is none."""
        operation = exchange.request.operation
        if operation not in ("image", "rerank", *COUNTS):
            return super().decode(exchange, head, body)
        self._types.check_type(head, body)
        try:
            if operation in COUNTS:
                return count_reply(exchange, read_count(body)), None
            if operation == "image":
                return read_images(self._errors, body, created=int(self._wall()))
            ranking, usage = read_ranking(body, asked_in(exchange.request.fields))
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error
        return Reply(body=_encode(ranking)), usage

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
        if self._role_keys is not None:
            return AssumedSigning(self._role_keys, self._signs_with, shared, self._wall)
        if hasattr(shared, "send_by"):
            return TimedSigning(self._signer, cast("TimedTransport", shared), self._wall)
        return Signing(self._signer, shared, self._wall)

    def _signs_with(self, credentials: Credentials) -> Signer:
        return Signer(credentials, self._region, SERVICE)

    def _rank(self, exchange: Exchange, target: Target, dropped: Dropped) -> UpstreamRequest:
        if self._settings.api_key.strip():
            told = f"provider {self._name!r} ranks for who signs with an access key; Bedrock takes no API key for that"
            raise UnsupportedEndpoint(told, param="model")
        fields = exchange.request.fields
        return self._post(
            self._rerank_url,
            self._plain_headers,
            partial(rank_body, asked_in(fields), target.model, self._region, fields, dropped),
        )

    def _request(
        self, target: Target, method: str, headers: Headers, body: Callable[[], dict[str, object]]
    ) -> UpstreamRequest:
        return self._post(model_url(self._root, target.model, method), headers, body)

    def _post(self, url: str, headers: Headers, body: Callable[[], dict[str, object]]) -> UpstreamRequest:
        try:
            return UpstreamRequest("POST", url, headers, _encode(body()))
        except (ValueError, RecursionError) as error:  # half a surrogate pair, or a schema without an end
            raise InvalidRequest(f"the request cannot be written for provider {self._name!r}: {error}") from error
