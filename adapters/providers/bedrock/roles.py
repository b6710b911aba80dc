"""Keys for a role, which hold for an hour: had by a signed call of STS, used in place of those of the configuration.

Keys that Bedrock says have ended are dropped, and the request is sent once more with new ones.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
import trio

from sluicegate.pipeline.errors import GatewayError, UpstreamError, UpstreamRefused
from sluicegate.pipeline.provider import Transport, UpstreamRequest, UpstreamResponse

from ..leased import Leased, ask
from ..secrets import Secrets
from .errors import TYPE
from .signing import signed
from .sigv4 import Credentials, Signer

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

STS = "sts"
"""What signatures call the service."""
VERSION = "2011-06-15"
LONGEST = 43_200.0
"""Seconds that any keys are granted for."""
EXPIRED = "ExpiredToken"
"""How the error begins of who shows keys that have ended."""
_FORM = (("content-type", "application/x-www-form-urlencoded"), ("accept", "text/xml"), ("user-agent", "sluicegate"))
_FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
_NAME = re.compile(r"[A-Za-z0-9.]{1,64}")
_BUSY = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded"})
"""Errors that pass, though their status is 400."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """Whose place is taken, and by whom: ``session`` stands in the account's logs."""

    arn: str
    session: str
    external_id: str = ""


class RoleKeys:
    """The keys for one role.

    Args:
        provider: Its name, for messages.
        role: Whose they are.
        signer: Signs the call, with the keys of the configuration.
        url: Where it goes.
        secrets: Is told the keys, so that no message shows them.
        wall: Seconds since the epoch.
    """

    def __init__(
        self, provider: str, role: Role, signer: Signer, url: str, secrets: Secrets, wall: Callable[[], float]
    ) -> None:
        self._provider = provider
        form = {"Action": "AssumeRole", "Version": VERSION, "RoleArn": role.arn, "RoleSessionName": role.session}
        if role.external_id:
            form["ExternalId"] = role.external_id
        self._request = UpstreamRequest("POST", url, _FORM, urlencode(form).encode("ascii"))
        self._signer = signer
        self._secrets = secrets
        self._wall = wall
        self._leased = Leased(self._assume)

    async def get(self, shared: Transport, *, connect: float) -> Credentials:
        """Return keys that hold. A checkpoint where they have to be asked for.

        Raises:
            UpstreamRefused: The role may not be assumed. UpstreamError: No keys could be had.
        """
        return await self._leased.get(shared, connect=connect)

    def drop(self, keys: Credentials) -> None:
        """Forget keys that were not accepted."""
        self._leased.drop(keys)

    async def _assume(self, shared: Transport, connect: float) -> tuple[Credentials, float]:
        asked, wall = trio.current_time(), self._wall()
        head, body = await ask(await signed(self._signer, self._request, wall), shared, connect)
        if head.status != 200:
            raise self._error(head.status, body)
        keys, ends = self._read(body)
        for secret in (keys.access_key_id, keys.secret_access_key, keys.session_token):
            self._secrets.add(secret)
        return keys, asked + min(ends - wall, LONGEST)

    def _read(self, body: bytes) -> tuple[Credentials, float]:
        """Return the keys in an answer, and when they end, in seconds since the epoch. Raises UpstreamError."""
        tree = _tree(body)
        found = {name: _text(tree, f"Credentials/{name}") for name in _FIELDS}
        try:
            ends = datetime.fromisoformat(found["Expiration"]).timestamp()
        except (ValueError, OverflowError):
            ends = 0.0
        if not (ends and all(value.isascii() and value.isprintable() and value for value in found.values())):
            raise UpstreamError(f"provider {self._provider!r} was answered no keys for its role")
        keys = Credentials(
            access_key_id=found["AccessKeyId"],
            secret_access_key=found["SecretAccessKey"],
            session_token=found["SessionToken"],
        )
        return keys, ends

    def _error(self, status: int, body: bytes) -> GatewayError:
        """Return the error for an answer that grants nothing: by its name, since its text tells of the account."""
        name = _text(_tree(body), "Error/Code")
        name = name if _NAME.fullmatch(name) else ""
        told = f"provider {self._provider!r} could not assume its role ({status}{', ' + name if name else ''})"
        if 400 <= status < 500 and status not in (408, 429) and name not in _BUSY:
            return UpstreamRefused(told)
        return UpstreamError(told)


def _tree(body: bytes) -> Element | None:
    """Return an answer as a tree, or None where it is none: no answer of STS's has a document type."""
    from xml.etree.ElementTree import ParseError, fromstring  # 5 ms, and most assume no role

    if b"<!" in body:
        return None
    try:
        return fromstring(body)
    except (ParseError, ValueError, LookupError):  # LookupError: an encoding that nobody knows
        return None


def _text(tree: Element | None, path: str) -> str:
    """Return the text of an element, wherever it stands; empty where it is not there."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    found = tree.findtext(f".//{steps}") if tree is not None else None
    return (found or "").strip()


class AssumedSigning:
    """Carries requests, signed with the keys for a role.

    Args:
        keys: Where these come from.
        signer: Makes a signer of keys.
        shared: The transport that carries requests, those for keys too.
        wall: Seconds since the epoch.
    """

    def __init__(
        self,
        keys: RoleKeys,
        signer: Callable[[Credentials], Signer],
        shared: Transport,
        wall: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._make = signer
        self._shared = shared
        self._wall = wall
        self._made: tuple[Credentials, Signer] | None = None

    async def send(self, request: UpstreamRequest, *, connect: float) -> UpstreamResponse:
        """Send a request as its transport does, signed; once more if the keys have ended. A checkpoint."""
        keys = await self._keys.get(self._shared, connect=connect)
        response = await self._send(request, keys, connect)
        if response.head.status != 403 or not response.head.headers.get(TYPE, "").startswith(EXPIRED):
            return response
        await response.aclose()
        self._keys.drop(keys)
        return await self._send(request, await self._keys.get(self._shared, connect=connect), connect)

    async def aclose(self) -> None:
        """Close the transport that is shared: whoever closes one ends them all."""
        await self._shared.aclose()

    async def _send(self, request: UpstreamRequest, keys: Credentials, connect: float) -> UpstreamResponse:
        if self._made is None or self._made[0] is not keys:
            self._made = (keys, self._make(keys))  # a signer keeps the key of the day
        return await self._shared.send(await signed(self._made[1], request, self._wall()), connect=connect)
