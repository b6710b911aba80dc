"""The settings of signed tokens: those that the gateway issues itself, and those of identity providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from .checks import Check, Checked, Fault, check
from .kinds import Duration, Secret
from .weak_secrets import weakness

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""How an identity provider may sign: with a private key of its own, never with a secret that both sides have."""


@check("secret")
def _strong(secret: str) -> Iterator[Fault]:
    """Refuse a secret that can be guessed: whoever guesses it can be anybody."""
    if secret and (why := weakness(secret)):
        yield Fault(("secret",), f"{why}; make one with: openssl rand -hex 32")


@check("issuer", "jwks_url")
def _authentic(issuer: str, jwks_url: str) -> Iterator[Fault]:
    """Refuse URLs whose answers anybody on the way could write: whose keys they are is all that a token proves."""
    for name, url in (("issuer", issuer), ("jwks_url", jwks_url)):
        if (url or name == "issuer") and not trustworthy(url):
            yield Fault((name,), "must be a URL with https, or with http on a loopback address; without user or #")


@check("issuer", "issuers[].issuer")
def _told_apart(own: str, issuers: Mapping[int, str]) -> Iterator[Fault]:
    """Refuse two issuers of one name: which of the two a token were of would be a guess."""
    seen = {own: "the gateway's own"}
    for at, issuer in issuers.items():
        if (other := seen.setdefault(issuer, f"that of issuers[{at}]")) != f"that of issuers[{at}]":
            yield Fault(("issuers", at, "issuer"), f"is the same as {other}")


def trustworthy(url: str) -> bool:
    """Say whether what a URL answers can be believed to come from its host."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.fragment or "@" in parts.netloc or not url.isascii() or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ClaimSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Which claims of a token say who its bearer is. A claim inside of others is named with dots between."""

    user: Annotated[str, Meta(min_length=1, description="Who it is: the user whose limits and budgets count.")] = "sub"
    team: Annotated[str, Meta(description="The team; of a list the first that the directory knows, or its first.")] = ""
    role: Annotated[str, Meta(description="Text or a list, which `roles` says the meaning of.")] = ""


@check("claims", "roles")
def _roles_have_a_claim(claims: ClaimSettings, roles: Mapping[str, str]) -> Iterator[Fault]:
    """Refuse half of what says who is an admin."""
    if roles and not claims.role:
        yield Fault(("roles",), "has no effect as long as claims.role names no claim")
    elif claims.role and not roles:
        yield Fault(("claims", "role"), "has no effect as long as `roles` gives its values no meaning")


class IssuerSettings(Checked, kw_only=True, frozen=True):
    """An identity provider whose tokens are accepted."""

    checks: ClassVar[tuple[Check, ...]] = (_authentic, _roles_have_a_claim)

    issuer: Annotated[str, Meta(description="Its name, a URL, letter by letter as its tokens have it in iss.")]
    audience: Annotated[str, Meta(min_length=1, description="What its tokens for this gateway have in aud.")]
    jwks_url: Annotated[
        str, Meta(description="Where its keys are; unset means that its OpenID configuration says so.")
    ] = ""
    algorithms: Annotated[
        tuple[Algorithm, ...], Meta(min_length=1, description="How it signs. Tokens that say otherwise are refused.")
    ] = ("RS256", "ES256")
    max_lifetime: Annotated[
        Duration, Meta(gt=0, description="Tokens that hold for longer from now on are refused.")
    ] = 86_400.0
    claims: Annotated[ClaimSettings, Meta(description="Which claims say who its bearer is.")] = ClaimSettings()
    roles: Annotated[
        dict[str, Literal["caller", "admin"]],
        Meta(description="What values of the role claim mean. A token with none of them is refused."),
    ] = msgspec.field(default_factory=dict)
    models: Annotated[
        tuple[str, ...] | None,
        Meta(description="The models that its tokens may ask for; * stands for any text. Unset means all."),
    ] = None


class JwtSettings(Checked, kw_only=True, frozen=True):
    """Signed tokens. Without a secret none are issued, and without issuers none of others are accepted."""

    checks: ClassVar[tuple[Check, ...]] = (_strong, _told_apart)

    secret: Annotated[
        Secret, Meta(description="What tokens of this gateway are signed with: at least 32 random bytes. Empty: none.")
    ] = Secret("")
    lifetime: Annotated[
        Duration, Meta(ge=1, le=2_592_000, description="How long a token holds; who asks for one may ask for less.")
    ] = 3600.0
    leeway: Annotated[
        Duration, Meta(ge=0, le=300, description="How far the clocks of those who issue tokens may be off.")
    ] = 30.0
    issuer: Annotated[str, Meta(min_length=1, description="What the gateway's own tokens have in iss.")] = "sluicegate"
    audience: Annotated[str, Meta(min_length=1, description="What they have in aud.")] = "sluicegate"
    issuers: Annotated[
        tuple[IssuerSettings, ...], Meta(description="Identity providers (OIDC) whose tokens are accepted.")
    ] = ()

    @property
    def used(self) -> bool:
        """Whether there are tokens at all."""
        return bool(self.secret or self.issuers)
