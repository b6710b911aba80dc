"""Azure OpenAI. Answers pass through as they are.

Source: https://learn.microsoft.com/azure/ai-services/openai/reference, and openai's own client for Azure.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import HttpProviderSettings, ProxyProviderSettings
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import ModelPage, UpstreamHead
from sluicegate.pipeline.registry import provider

from ..family import ErrorRules, Member, MessageRules, Profile
from ..family.messages import text_in
from ..openai.mender import ChunkMender
from ..openai.passage import Passage
from .chunks import AzureMender
from .place import OFFERED, place_of
from .versions import HINTS, JSON_SCHEMA, MAX_COMPLETION_TOKENS, REQUIRED_TOOL, STREAM_OPTIONS, before

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Target

PROFILE = Profile(
    base_url="",
    paths=OFFERED,
    messages=MessageRules(roles={}, strip=frozenset({"citations", "thinking_blocks"})),
    tool_types=True,
    mends=False,
    errors=ErrorRules(
        codes={
            "content_filter": "filtered",
            "ResponsibleAIPolicyViolation": "filtered",
            # A deployment that is not there, or not yet, is the configuration's fault, and others may be.
            "DeploymentNotFound": "elsewhere",
            "OperationNotSupported": "elsewhere",
            "AuthenticationTypeDisabled": "key",
            "PermissionDenied": "key",
            "RateLimitReached": "busy",
        },
        statuses={424: "again"},
        resets=("x-ratelimit-reset-tokens", "x-ratelimit-reset-requests"),
    ),
)


class AzureSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach a resource on Azure. The provider's models are the names of its deployments."""

    base_url: Annotated[
        str,
        Meta(
            description="Your resource, such as https://NAME.openai.azure.com; any address that the portal shows will "
            "do, with /openai/v1 or with /openai/deployments/DEPLOYMENT, which then serves every model."
        ),
    ]
    api_version: Annotated[
        str,
        Meta(
            description="A date, such as 2024-10-21, asks by the older addresses, which name a deployment; unset, v1 "
            "or preview asks by /openai/v1."
        ),
    ] = ""
    auth: Annotated[
        Literal["api-key", "bearer"],
        Meta(description="What api_key is: the resource's own key, or a token of Entra ID, as a bearer."),
    ] = "api-key"

    def __post_init__(self) -> None:
        """Refuse an address that cannot be, or a version that does not fit it."""
        super().__post_init__()
        if not self.base_url.strip():
            raise ValueError("base_url must name your resource, such as https://NAME.openai.azure.com")
        place_of(self.base_url, self.api_version)


@provider("azure", summary="Azure OpenAI, by both kinds of its addresses.", settings=AzureSettings)
class Azure(Member):
    """Translates to Azure's API.

    Args:
        name: The provider's name in the configuration.
        settings: Its settings.
        wall: Seconds since the epoch, for dates in ``retry-after``.
    """

    profile = PROFILE

    def __init__(self, name: str, settings: AzureSettings, *, wall: Callable[[], float] = time.time) -> None:
        self._place = place_of(settings.base_url, settings.api_version)
        self._auth = settings.auth
        super().__init__(name, settings, wall=wall)
        self._models_url = self._place.models_url
        root = f"{self._place.root}?{self._place.query}" if self._place.query else self._place.root
        key = str(settings.api_key).strip()
        self._passage = Passage(settings, root, self._credentials(key) if key else {}, self.passes)
        self._has_responses = not self._place.classic
        self._responses_url = self._place.below("/responses")

    def read_settings(self, settings: HttpProviderSettings) -> Profile:
        """Return the profile for the version that is asked."""
        version = self._place.version
        old = before(version, MAX_COMPLETION_TOKENS)
        return replace(
            PROFILE,
            stream_options=not before(version, STREAM_OPTIONS),
            renames={"max_completion_tokens": "max_tokens"} if old else {},
            drops=frozenset(name for name, since in HINTS.items() if before(version, since)),
        )

    def adjust(self, fields: dict[str, msgspec.Raw], dropped: Dropped) -> None:
        """Refuse what changes the meaning and the version does not know."""
        version = self._place.version
        if before(version, JSON_SCHEMA) and b'"json_schema"' in bytes(fields.get("response_format", b"")):
            raise dropped.unsupported("response_format.json_schema")
        if before(version, REQUIRED_TOOL) and text_in(fields.get("tool_choice")) == "required":
            raise dropped.unsupported("tool_choice")

    def listed(self, head: UpstreamHead, body: bytes) -> ModelPage:
        """Return that the key is good: the list has what could be deployed, and callers name what is deployed."""
        super().listed(head, body)
        return ModelPage(None)

    def _url(self, operation: str, target: Target) -> str | None:
        return self._place.url(operation, target.model)

    def _credentials(self, key: str) -> dict[str, str]:
        return {"api-key": key} if self._auth == "api-key" else super()._credentials(key)

    def _mender(self, operation: str, model: str) -> ChunkMender | None:
        return None if operation == "completion" else AzureMender()
