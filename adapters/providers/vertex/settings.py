"""How to reach Vertex AI, and as whom."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import HttpProviderSettings

from ..gemini.translator import Safety, check_safety
from .account import read_account

_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z0-9-]*")
_LOCATION = re.compile(r"[a-z0-9-]+")


class VertexSettings(HttpProviderSettings, kw_only=True, frozen=True):
    """How to reach Vertex AI, and as whom: by one of api_key, access_token and credentials."""

    api_key: Annotated[Secret, Meta(description="An API key; in express mode it says the project too.")] = Secret("")
    base_url: Annotated[
        str, Meta(description="What stands for Google's hosts, that of the token exchange included; unset means those.")
    ] = ""
    project: Annotated[str, Meta(description="The project; unset means the credentials' own.")] = ""
    location: Annotated[str, Meta(description="A region such as europe-west4, or us, eu or global.")] = "global"
    credentials: Annotated[
        Secret, Meta(description='The JSON of a service account\'s key file: "${file:/run/secrets/vertex.json}".')
    ] = Secret("")
    access_token: Annotated[Secret, Meta(description="A token that somebody else keeps fresh.")] = Secret("")
    api_version: Annotated[Literal["v1", "v1beta1"], Meta(description="Which version of its API.")] = "v1"
    safety: Safety = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would be refused with each request. No message quotes a secret."""
        super().__post_init__()
        check_safety(self.safety)
        if sum(map(bool, (self.api_key, self.access_token, self.credentials))) > 1:
            raise ValueError("api_key, access_token and credentials are three ways to say one thing: name one")
        if not (self.access_token.isascii() and (self.access_token.isprintable() or not self.access_token)):
            raise ValueError("access_token has a character that no HTTP header may have")
        if _PROJECT.fullmatch(self.project) is None:
            raise ValueError(f"{self.project[:80]!r} is no id of a project")
        if _LOCATION.fullmatch(self.location) is None:
            raise ValueError(f"{self.location[:80]!r} is no location")
        if self.credentials:
            read_account(self.credentials)
