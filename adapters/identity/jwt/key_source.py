"""The public keys of one issuer, fetched when they are needed and kept for as long as their answer says.

* The keys are fetched in the task of a request that needs them; others that need them too wait for the same fetch.
* While old keys hold, requests go on with them. They also do while the issuer is away.
* A key that is not known may be a new one: then they are fetched again, but only so often, whatever callers send.
* Keys that the issuer has withdrawn are good for nothing once that is known, also for tokens that were seen before.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from typing import Any

import msgspec
import trio

from sluicegate.pipeline.config.jwt_settings import IssuerSettings, trustworthy
from sluicegate.pipeline.errors import GatewayError, StoreUnavailable, UpstreamError
from sluicegate.pipeline.provider import Transport, UpstreamRequest, UpstreamResponse

from .signing import PublicKey, public_keys

log = logging.getLogger("sluicegate.identity")
PATIENCE = 5.0
"""Seconds that fetching may take, with the OpenID configuration before it."""
CONNECT = 3.0
MAX_ANSWER = 512 * 1024
"""Bytes of an answer that are read."""
UNKNOWN_EVERY = 30.0
"""Seconds between two fetches for keys that are not known."""
FAILED_EVERY = 5.0
"""Seconds after which a fetch that has failed is tried again."""
SHORTEST, USUAL, LONGEST = 60.0, 3600.0, 86_400.0
"""Seconds that keys are kept: at least, where the answer says nothing, and at most."""
DISCOVERY = "/.well-known/openid-configuration"
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})")
_HEADERS = (("accept", "application/json"),)


class KeySource:
    """Keeps one issuer's keys.

    Args:
        settings: Who it is.
        transport: Returns what carries requests to it.

    Attributes:
        version: Grows whenever the keys are others than before.
    """

    def __init__(self, settings: IssuerSettings, transport: Callable[[], Transport]) -> None:
        self.version = 0
        self._settings = settings
        self._transport = transport
        self._keys: tuple[PublicKey, ...] = ()
        self._due = -math.inf
        self._quiet_until = -math.inf
        self._fetching = trio.Lock()
        self._fetches = 0
        self._away = False

    def find(self, key_id: str | None, algorithm: str) -> PublicKey | None:
        """Return the key of an id that is for an algorithm, or None. Without an id there must be only one."""
        fitting = [key for key in self._keys if key.fits(algorithm) and (key_id is None or key.key_id == key_id)]
        return fitting[0] if len(fitting) == 1 else None

    def wants(self, key: PublicKey | None) -> bool:
        """Say whether the keys should be fetched now, by whoever has found ``key`` for its token."""
        now = trio.current_time()
        if now < self._quiet_until:
            return False
        return key is None or (now >= self._due and not self._fetching.locked())

    def fresh(self) -> bool:
        """Say whether nothing is to be fetched for who knows its key."""
        now = trio.current_time()
        return now < self._due or now < self._quiet_until or self._fetching.locked()

    def check(self) -> None:
        """Raise StoreUnavailable as long as there are no keys at all."""
        if not self._keys:
            raise StoreUnavailable(
                f"the keys of the issuer {self._settings.issuer} cannot be had now", retry_after=FAILED_EVERY
            )

    async def fetch(self) -> None:
        """Fetch the keys, or wait for who does. The old ones stay where that fails, which the log tells. A checkpoint.

        Who waits for its turn does not fetch once more what has been fetched meanwhile.
        """
        asked = self._fetches
        async with self._fetching:
            if self._fetches != asked or trio.current_time() < self._quiet_until:
                return
            try:
                keys, seconds = await self._fetched()
            except GatewayError as error:
                self._quiet_until = trio.current_time() + FAILED_EVERY
                if not self._away:
                    log.warning("the keys of the issuer %s could not be had: %s", self._settings.issuer, error.message)
                self._away = True
            else:
                self._away = False
                self._due = trio.current_time() + seconds
                self._quiet_until = trio.current_time() + UNKNOWN_EVERY
                if _names(keys) != _names(self._keys):
                    self._keys = keys
                    self.version += 1
            self._fetches += 1

    async def _fetched(self) -> tuple[tuple[PublicKey, ...], float]:
        try:
            with trio.fail_after(PATIENCE):
                url = self._settings.jwks_url or await self._discovered()
                document, seconds = await self._get(url)
        except trio.TooSlowError:
            raise UpstreamError(f"there was no answer within {PATIENCE:g} s") from None
        entries = document.get("keys")
        keys = public_keys(entries) if isinstance(entries, list) else ()
        if not keys:
            raise UpstreamError("the answer has no key that checks signatures")
        return keys, seconds

    async def _discovered(self) -> str:
        """Return where the keys are, as the issuer says. https://openid.net/specs/openid-connect-discovery-1_0.html"""
        issuer = self._settings.issuer
        document, _ = await self._get(issuer.rstrip("/") + DISCOVERY)
        if document.get("issuer") != issuer:
            raise UpstreamError("its OpenID configuration is that of another issuer")
        url = document.get("jwks_uri")
        # One that is configured with https must not lead to http, whatever it says.
        if not isinstance(url, str) or not trustworthy(url) or (issuer[:6] == "https:" and url[:6] != "https:"):
            raise UpstreamError("its OpenID configuration names no jwks_uri that can be trusted")
        return url

    async def _get(self, url: str) -> tuple[dict[str, Any], float]:
        """Return the JSON object at a URL, and how long it may be kept. Redirects are not followed."""
        response = await self._transport().send(UpstreamRequest("GET", url, _HEADERS), connect=CONNECT)
        try:
            if response.head.status != 200:
                raise UpstreamError(f"the answer has status {response.head.status}")
            body = await _body(response)
        finally:
            await response.aclose()
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UpstreamError("the answer is not JSON") from None
        if not isinstance(document, dict):
            raise UpstreamError("the answer is no JSON object")
        return document, _kept_for(response.head.headers.get("cache-control", ""))


def _kept_for(cache_control: str) -> float:
    found = _MAX_AGE.search(cache_control.lower())
    return min(LONGEST, max(SHORTEST, float(found[1]))) if found else USUAL


def _names(keys: tuple[PublicKey, ...]) -> list[tuple[str | None, str, str]]:
    return [(key.key_id, key.algorithm, key.thumbprint) for key in keys]


async def _body(response: UpstreamResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data := await response.receive():
        size += len(data)
        if size > MAX_ANSWER:
            raise UpstreamError(f"the answer has more than {MAX_ANSWER} bytes")
        parts.append(data)
    return b"".join(parts)
