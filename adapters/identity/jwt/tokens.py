"""Callers by signed tokens: who issued one, whether it holds now, and whom it means.

Each use of a token asks anew whether it was revoked, and what the key, user or team behind it may do now. All else is
found out once: what was verified is kept, by a digest with a key of this process' own, until the token ends.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import blake2b, sha256

import trio

from sluicegate.adapters.database.database import Database
from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.config.jwt_settings import JwtSettings
from sluicegate.pipeline.directory import Directory, Issued, Known
from sluicegate.pipeline.errors import InvalidRequest, NotFound, Unauthorized
from sluicegate.pipeline.provider import Transport

from .denials import Denial, Denials
from .issuer import Issuer, Person
from .own import Grant, OwnTokens, StaticKey, acting
from .reading import MAX_TOKEN, Parsed, check_claims, looks_like_token, read_token, refusal, text_of

log = logging.getLogger("sluicegate.identity")
KEPT = 4096
"""Verified tokens that are kept; the least recently used go first."""
LOOK_EVERY = 0.25
"""Seconds for which the limits of a user or team are those that the directory said last."""
OFF = "this gateway issues no tokens: auth.jwt.secret is not set"


class _Verified:
    """What is known of a token that was good, and stays so until it ends.

    Attributes:
        ends: Seconds since the epoch from which it is good for nothing, clocks that are off included.
        ids: By which it may have been revoked: its own, and that of its subject.
        issuer: None for the gateway itself; ``version`` is that of the issuer's keys.
        by: The key's caller that ``known`` was made of; of an issuer's token, ``looked`` is when it was made.
    """

    __slots__ = ("by", "ends", "ids", "issued", "issuer", "known", "looked", "meaning", "version")

    def __init__(self, meaning: Grant | Person, issuer: Issuer | None, ids: tuple[str, str]) -> None:
        self.meaning = meaning
        self.issuer = issuer
        self.version = 0 if issuer is None else issuer.keys.version
        self.ids = ids
        self.ends = self.issued = self.looked = 0.0
        self.by: Caller | None = None
        self.known: Known | None = None


class JwtTokens:
    """All that is known of tokens: `Tokens`, for the pipeline and the edge.

    Args:
        settings: With a secret, or issuers, or both.
        keys: API keys of the configuration.
        directory: Returns who knows all others, and users and teams.
        wall: Seconds since the epoch.
        transport: Makes what carries requests to issuers; it is made when it is needed, and closed in the end.
        database: Where revoked tokens are written; None keeps them in this process.

    Raises:
        ValueError: The secret is none that can be signed with.
    """

    def __init__(
        self,
        settings: JwtSettings,
        keys: Iterable[StaticKey],
        directory: Callable[[], Directory],
        *,
        wall: Callable[[], float],
        transport: Callable[[], Transport],
        database: Database | None = None,
    ) -> None:
        self._settings = settings
        self._wall = wall
        self._make_transport = transport
        self._transport: Transport | None = None
        self._own = OwnTokens(settings, keys, directory, wall) if settings.secret else None
        self.off = "" if self._own is not None else OFF
        self._issuers = {one.issuer: Issuer(one, self._carrier, directory) for one in settings.issuers}
        self._denials = Denials(database, wall)
        self._salt = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    def looks_like_one(self, credential: str) -> bool:
        """Say whether a credential has the form of a token, good or not."""
        return looks_like_token(credential)

    def verify(self, credential: str) -> Known | None:
        """Return whom a token names, or None where that takes waiting. Raises Unauthorized."""
        if not self._denials.known:
            return None
        return self._judged(credential, waited=False)

    async def fetch(self, credential: str) -> Known:
        """Return whom a token names, and wait for what it takes. A checkpoint.

        Raises:
            Unauthorized: It is good for nothing. StoreUnavailable: That cannot be found out now.
        """
        await self._denials.wait()
        if (known := self._judged(credential, waited=False)) is not None:
            return known
        issuer = self._issuer_of(read_token(credential))
        if issuer is not None:
            await issuer.keys.fetch()
        known = self._judged(credential, waited=True)
        if known is None:
            raise refusal("is signed with a key that its issuer does not name")
        return known

    def issue(
        self,
        credential: str,
        *,
        seconds: float | None = None,
        operations: tuple[str, ...] | None = None,
        models: tuple[str, ...] | None = None,
    ) -> Issued:
        """Return a token that acts for an API key. See `Tokens.issue`. Raises NotFound where that is off."""
        if self._own is None:
            raise NotFound(self.off)
        return self._own.issue(credential, seconds, operations, models)

    async def revoke(self, credential: str) -> bool:
        """Let a token be good for nothing anymore; False if it is not good anyway. A checkpoint."""
        try:
            await self.fetch(credential)
        except Unauthorized:
            return False
        verified = self._verified[self._digest(credential)]
        await self._denials.deny(Denial(verified.ids[0], math.inf, verified.ends))
        return True

    async def revoke_by(self, *, issuer: str = "", token_id: str = "", subject: str = "") -> None:
        """Let the token of an id, or all of a subject so far, be good for nothing. A checkpoint.

        Raises:
            InvalidRequest: No tokens of this issuer are accepted. GatewayError: It could not be written down.
        """
        issuer = issuer or self._settings.issuer
        most = self._longest(issuer)
        if most is None:
            raise InvalidRequest(f"no tokens of the issuer {issuer[:200]!r} are accepted here", param="issuer")
        now = self._wall()
        until = now + most + 2 * self._settings.leeway
        if token_id:
            await self._denials.deny(Denial(_token_id(issuer, token_id), math.inf, until))
        if subject:
            await self._denials.deny(Denial(_subject_id(issuer, subject), now, until))

    async def run(self) -> None:
        """Hear of what others have revoked, for ever. A checkpoint."""
        await self._denials.run()

    async def aclose(self) -> None:
        """Close the connections to issuers. A checkpoint where there are any."""
        if self._transport is not None:
            await self._transport.aclose()

    def _judged(self, credential: str, *, waited: bool) -> Known | None:
        """Return whom a token names now, or None if its issuer's keys have to be fetched before."""
        if len(credential) > MAX_TOKEN:
            raise refusal(f"has more than {MAX_TOKEN} characters")
        digest = self._digest(credential)
        verified = self._verified.get(digest)
        if verified is None or not self._still(verified, digest):
            if (verified := self._read(read_token(credential), waited=waited)) is None:
                return None
            self._keep(digest, verified)
        else:
            self._verified.move_to_end(digest)
        own, subject = verified.ids
        if self._denials.denies(own, verified.issued) or self._denials.denies(subject, verified.issued):
            raise refusal("was revoked")
        return self._of_key(verified) if verified.issuer is None else self._of_person(verified, verified.issuer)

    def _still(self, verified: _Verified, digest: bytes) -> bool:
        """Say whether what was found out of a token needs not be found out again. Raises Unauthorized at its end."""
        if self._wall() >= verified.ends:
            del self._verified[digest]
            raise refusal("has expired")
        issuer = verified.issuer
        return issuer is None or (verified.version == issuer.keys.version and issuer.keys.fresh())

    def _read(self, parsed: Parsed, *, waited: bool) -> _Verified | None:
        """Return what a token says, once it is known to be true."""
        issuer = self._issuer_of(parsed)
        if issuer is None:
            assert self._own is not None
            meaning: Grant | Person | None = self._own.read(parsed)
            name, audience, most = self._settings.issuer, self._settings.audience, self._settings.lifetime
        else:
            meaning = issuer.read(parsed, waited=waited)
            name, audience, most = issuer.settings.issuer, issuer.settings.audience, issuer.settings.max_lifetime
        if meaning is None:
            return None
        claims = parsed.claims
        leeway = self._settings.leeway
        ends, issued = check_claims(claims, audience=audience, now=self._wall(), leeway=leeway, most=most)
        # A token without an id is told by what is signed: its signature could be written differently.
        token_id = text_of(claims, "jti") or "sha256:" + sha256(parsed.signed.encode()).hexdigest()
        subject = text_of(claims, "sub")
        verified = _Verified(meaning, issuer, (_token_id(name, token_id), _subject_id(name, subject)))
        verified.ends, verified.issued = ends + leeway, issued
        return verified

    def _issuer_of(self, parsed: Parsed) -> Issuer | None:
        """Return whose token this says it is, None for our own. Raises Unauthorized if nobody here knows the issuer."""
        name = parsed.claims.get("iss")
        if isinstance(name, str):
            if self._own is not None and name == self._settings.issuer:
                return None
            if (issuer := self._issuers.get(name)) is not None:
                return issuer
        raise refusal("is of an issuer that is not known here (iss)")

    def _of_key(self, verified: _Verified) -> Known:
        """Return the caller that a token of ours acts for, as that one is now."""
        assert self._own is not None
        assert isinstance(verified.meaning, Grant)
        known = self._own.known(verified.meaning.key)
        if verified.by is not known.caller or verified.known is None:
            verified.by = known.caller
            verified.known = Known(acting(known.caller, verified.meaning))
        return verified.known

    def _of_person(self, verified: _Verified, issuer: Issuer) -> Known:
        """Return the caller that an issuer's token means, with the limits of now."""
        assert isinstance(verified.meaning, Person)
        now = trio.current_time()
        if verified.known is None or now - verified.looked > LOOK_EVERY:
            verified.known = Known(issuer.caller(verified.meaning))
            verified.looked = now
        return verified.known

    def _keep(self, digest: bytes, verified: _Verified) -> None:
        self._verified[digest] = verified
        self._verified.move_to_end(digest)
        if len(self._verified) > KEPT:
            self._verified.popitem(last=False)

    def _digest(self, credential: str) -> bytes:
        return blake2b(credential.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=16).digest()

    def _longest(self, issuer: str) -> float | None:
        """Return the seconds that a token of an issuer can hold, or None if none is accepted."""
        if issuer == self._settings.issuer and self._own is not None:
            return self._settings.lifetime
        known = self._issuers.get(issuer)
        return None if known is None else known.settings.max_lifetime

    def _carrier(self) -> Transport:
        if self._transport is None:
            self._transport = self._make_transport()
        return self._transport


def _token_id(issuer: str, token_id: str) -> str:
    return f"token\n{issuer}\n{token_id}"


def _subject_id(issuer: str, subject: str) -> str:
    return f"subject\n{issuer}\n{subject}"
