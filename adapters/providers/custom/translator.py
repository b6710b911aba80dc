"""The translator for servers that almost speak OpenAI's API."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamRequest
from sluicegate.pipeline.registry import provider

from ..family import Member, Profile
from ..openai.passage import Passage
from ..openai.urls import MODELS, PATHS, operation_urls
from .formats import write_choice, write_format
from .profile import profile_of
from .settings import CustomSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluicegate.pipeline.exchange import Target

_encode = msgspec.json.encode


@provider("custom", summary="Any server that almost speaks OpenAI's API.", settings=CustomSettings)
class Custom(Member):
    """Translates to OpenAI's API, but for what the settings say.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates and for answers without one.
    """

    passes = frozenset()

    def __init__(self, name: str, settings: CustomSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._custom = settings
        self._extra = {field: msgspec.Raw(_encode(value)) for field, value in settings.extra_body.items()}
        super().__init__(name, settings, wall=wall)
        urls = _urls(settings)
        self._models_url = urls.pop("models", "")
        self._urls = urls
        self._passage = Passage(settings, _with_key(settings, settings.base_url), self._shown(settings))

    def read_settings(self, settings: HttpProviderSettings) -> Profile:
        """Return the profile that the settings mean."""
        return profile_of(self._custom)

    def upstream(
        self, operation: str, fields: Mapping[str, msgspec.Raw], target: Target, dropped: Dropped, *, stream: bool
    ) -> UpstreamRequest:
        """Return the request with these fields, and those that the settings add. See `OpenAI.upstream`."""
        return super().upstream(operation, {**self._extra, **fields}, target, dropped, stream=stream)

    def adjust(self, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Ask for a tool or a form of the answer as far as the server can be asked."""
        quirks = self._custom.quirks
        write_choice(fields, frozenset(quirks.tool_choice), dropped)
        write_format(fields, quirks.response_format, dropped)

    def _shown(self, settings: CustomSettings) -> dict[str, str]:
        key = settings.api_key.strip()
        return self._credentials(key) if key else {}

    def _credentials(self, key: str) -> dict[str, str]:
        auth = self._custom.auth
        if auth.kind == "basic":
            return {"authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}
        if auth.kind == "header":
            return {auth.name.lower(): key}
        return super()._credentials(key) if auth.kind == "bearer" else {}


def _urls(settings: CustomSettings) -> dict[str, str]:
    """Return the URL of each operation, with the key in it where it belongs there."""
    urls = operation_urls(settings.base_url, PATHS | MODELS)
    below = operation_urls(settings.base_url, {name: path for name, path in settings.paths.items() if path})
    for operation, path in settings.paths.items():
        if not path:
            urls.pop(operation, None)
        else:
            urls[operation] = below[operation] if path.startswith("/") else path
    return {operation: _with_key(settings, url) for operation, url in urls.items()}


def _with_key(settings: CustomSettings, url: str) -> str:
    """Return a URL with the key in it, if it belongs there."""
    if settings.auth.kind != "query" or not settings.api_key.strip():
        return url
    pair = f"{settings.auth.name}={quote(settings.api_key.strip(), safe='')}"
    return f"{url}{'&' if '?' in url else '?'}{pair}"
