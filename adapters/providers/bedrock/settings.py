"""How to reach Bedrock, and as whom."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import HttpProviderSettings

from .places import REGION
from .roles import Role
from .sigv4 import Credentials

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)
_SESSION = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


class BedrockSettings(HttpProviderSettings, kw_only=True, frozen=True):
    """How to reach AWS Bedrock, and as whom: by an API key, or by credentials that sign each request."""

    api_key: Annotated[
        Secret, Meta(description="An API key of Bedrock's, sent as a bearer token; it goes before the credentials.")
    ] = Secret("")
    base_url: Annotated[
        str, Meta(description="What stands for the region's own hosts, that of STS included; unset means those.")
    ] = ""
    region: Annotated[str, Meta(description="The region to ask, and to sign for.")] = "us-east-1"
    access_key_id: Annotated[Secret, Meta(description="The access key that signs requests.")] = Secret("")
    secret_access_key: Annotated[Secret, Meta(description="Its secret.")] = Secret("")
    session_token: Annotated[
        Secret, Meta(description="What goes with temporary credentials, which somebody else keeps fresh.")
    ] = Secret("")
    role_arn: Annotated[
        str, Meta(description="A role to assume with these keys, by AssumeRole of STS; keys of the role then sign.")
    ] = ""
    external_id: Annotated[str, Meta(description="What the role's owner wants to be told by who assumes it.")] = ""
    session_name: Annotated[str, Meta(description="What assumes the role, for the logs of its account.")] = "sluicegate"

    def __post_init__(self) -> None:
        """Refuse what would be refused with each request. No message quotes a secret."""
        super().__post_init__()
        if REGION.fullmatch(self.region) is None:
            raise ValueError(f"{self.region[:40]!r} is no region, such as eu-central-1")
        if bool(self.access_key_id.strip()) != bool(self.secret_access_key.strip()):
            raise ValueError("access_key_id and secret_access_key go together: one of them is missing")
        if self.session_token.strip() and not self.access_key_id.strip():
            raise ValueError("session_token needs the access_key_id and secret_access_key that it belongs to")
        self._check_role()
        for name in ("access_key_id", "session_token"):
            value = str(getattr(self, name))
            if not (value.isascii() and (value.isprintable() or not value)):
                raise ValueError(f"{name} has a character that no HTTP header may have")

    def credentials(self) -> Credentials | None:
        """Return what signs requests, or None where a key says who asks, or nothing does."""
        if self.api_key.strip() or not self.access_key_id.strip():
            return None
        return Credentials(
            access_key_id=self.access_key_id.strip(),
            secret_access_key=self.secret_access_key.strip(),
            session_token=self.session_token.strip(),
        )

    def role(self) -> Role | None:
        """Return the role to assume, or None where there is none."""
        if not self.role_arn:
            return None
        return Role(arn=self.role_arn, session=self.session_name, external_id=self.external_id)

    def _check_role(self) -> None:
        if _SESSION.fullmatch(self.session_name) is None:
            raise ValueError("session_name must have 2 to 64 letters, digits or any of _+=,.@-")
        if not self.role_arn:
            if self.external_id:
                raise ValueError("external_id goes with role_arn")
            return
        if _ROLE.fullmatch(self.role_arn) is None:
            raise ValueError("role_arn must name a role, such as arn:aws:iam::123456789012:role/gateway")
        if self.external_id and _EXTERNAL_ID.fullmatch(self.external_id) is None:
            raise ValueError("external_id must have 2 to 1224 letters, digits or any of _+=,.@:/-")
