"""A member of the family: OpenAI's translator with a profile."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

import msgspec

from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Reply, Usage

from ..openai import OpenAI
from ..openai.mender import ChunkMender
from ..openai.urls import MEDIA, operation_urls
from ..openai.whole import AnswerReader
from ..problem import read_problem
from ..retry_after import read_retry_after
from ..secrets import Secrets
from .answers import Defaults, mend_answer
from .chunks import FamilyMender
from .errors import FamilyErrors
from .fields import write_chat, write_embedding
from .gather import gather
from .messages import text_in
from .patience import read_reset
from .profile import Profile
from .vectors import mend_embeddings

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange


class Member(OpenAI):
    """Translates as `OpenAI` does, but for what its profile says.

    A subclass sets ``profile``; what no profile can say it does in `adjust`.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates and for answers without one.
    """

    profile: ClassVar[Profile]

    def __init__(self, name: str, settings: HttpProviderSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._profile = self.read_settings(settings)
        self.default_url = self._profile.base_url
        super().__init__(name, settings, wall=wall)
        self._has_responses = False
        self._strips = False  # the profile says what may not go back
        self._urls = operation_urls(settings.base_url or self.default_url, self._profile.paths)
        self._errors = FamilyErrors(name, Secrets(settings, *self._spellings()), self._profile.errors)
        self._reader = AnswerReader(self._errors)

    def read_settings(self, settings: HttpProviderSettings) -> Profile:
        """Return the profile for these settings."""
        return self.profile

    def adjust(self, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Change a chat's fields in place before the profile is applied. Raises InvalidRequest as `encode`."""

    def adjust_media(self, operation: str, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Change in place the fields of one of `MEDIA`. Raises InvalidRequest as `encode`."""

    def mend_media(self, operation: str, body: bytes, model: str) -> bytes:
        """Return the answer to one of `MEDIA` as callers know it. What is no answer comes back as it is."""
        return body

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the answer in the caller's dialect, and its tokens; vectors in the form that it asked for.

        Raises:
            GatewayError: It is none of this API's, or an error that came with a successful status.
        """
        reply, usage = super().decode(exchange, head, body)
        if exchange.request.operation == "embedding" and not self._profile.base64:
            as_text = text_in(exchange.request.fields.get("encoding_format")) == "base64"
            reply.body = mend_embeddings(reply.body, self._errors, as_text=as_text, int8=self._profile.int8)
        return reply, usage

    def checked(
        self, operation: str, head: UpstreamHead, body: bytes, *, model: str = ""
    ) -> tuple[bytes, Usage | None]:
        """Return a complete answer as OpenAI's API has it, also where it came as a stream. See `OpenAI.checked`."""
        if head.media_type != "text/event-stream" or operation == "embedding" or operation in MEDIA:
            return super().checked(operation, head, body, model=model)
        decoder = self.chunks(operation, head, wants_usage=False, choices=1, model=model)
        chunks = [*decoder.feed(body), *decoder.finish(), *decoder.feed(b"")]
        return gather([chunk.data for chunk in chunks], decoder.usage), decoder.usage

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return the error that an answer with status 300 or above means."""
        now = self._wall()
        retry_after = read_retry_after(head.headers, now)
        if retry_after is None and head.status in (429, 503):
            retry_after = read_reset(head.headers, self._profile.errors.resets, now)
        return self._errors.error(head.status, read_problem(body), retry_after)

    def _spellings(self) -> set[str]:
        """Return the key as requests carry it, also where that is not how it is configured."""
        key = str(self._settings.api_key).strip()
        carried = {value.rpartition(" ")[2] for value in self._credentials(key).values()}
        return {*carried, quote(key, safe="")}

    def _write(self, operation: str, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        if operation == "embedding":
            write_embedding(fields, self._profile, dropped)
            return
        if operation in MEDIA:
            for name in sorted(self._profile.media_drops.get(operation, frozenset()) & fields.keys()):
                del fields[name]
                dropped.drop(name)
            self.adjust_media(operation, fields, dropped)
            return
        self.adjust(fields, dropped)
        write_chat(fields, self._profile, dropped)

    def _mend(self, operation: str, body: bytes, model: str) -> bytes:
        if operation in MEDIA:
            return self.mend_media(operation, body, model)
        if operation == "embedding" or not self._profile.mends:
            return body
        return mend_answer(body, operation, self._profile, self._errors, self._defaults(model))

    def _mender(self, operation: str, model: str) -> ChunkMender | None:
        if not self._profile.mends:
            return None
        return FamilyMender(self._profile, self._errors, operation, self._defaults(model))

    def _defaults(self, model: str) -> Defaults:
        return Defaults(secrets.token_hex(12), model, int(self._wall()))
