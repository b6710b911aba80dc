"""An identity provider's tokens: whose signature they have, and whom their claims mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from sluicegate.pipeline.caller import Caller, Subject
from sluicegate.pipeline.config.jwt_settings import IssuerSettings
from sluicegate.pipeline.directory import Directory
from sluicegate.pipeline.provider import Transport

from .key_source import KeySource
from .reading import MAX_TEXT, Json, Parsed, as_text, refusal, text_of
from .signing import holds

MAX_LISTED = 1000
"""Values of a claim that is a list, such as groups, that are looked at."""


class Person(NamedTuple):
    """Whom a token means.

    Attributes:
        teams: Those that its claims name.
    """

    tenant: str
    user: str
    teams: tuple[str, ...]
    role: Literal["caller", "admin"]


class Issuer:
    """One identity provider.

    Args:
        settings: What it is configured to be.
        transport: Returns what carries requests to it.
        directory: Returns who knows users and teams.

    Attributes:
        keys: Its public keys.
    """

    def __init__(
        self, settings: IssuerSettings, transport: Callable[[], Transport], directory: Callable[[], Directory]
    ) -> None:
        self.settings = settings
        self.keys = KeySource(settings, transport)
        self._directory = directory

    def read(self, parsed: Parsed, *, waited: bool) -> Person | None:
        """Return whom a token means, or None if the issuer's keys have to be fetched before.

        Args:
            waited: Whether they just have been.

        Raises:
            Unauthorized: It is none of this issuer's. StoreUnavailable: There are no keys to tell.
        """
        if parsed.algorithm not in self.settings.algorithms:
            raise refusal("is signed in a way that is not configured for its issuer")
        key = self.keys.find(parsed.key_id, parsed.algorithm)
        if not waited and self.keys.wants(key):
            return None
        self.keys.check()
        if key is None:
            raise refusal("is signed with a key that its issuer does not name")
        if not holds(parsed.text, key.key, parsed.algorithm):
            raise refusal("has a signature that is not its issuer's")
        return self._person(parsed.claims)

    def _person(self, claims: Json) -> Person:
        names = self.settings.claims
        subject = text_of(claims, "sub")
        user = subject if names.user == "sub" else as_text(_inside(claims, names.user), names.user)
        if not subject or not user:
            raise refusal("does not say whose it is (sub)")
        teams = _texts(_inside(claims, names.team)) if names.team else ()
        return Person(f"{self.settings.issuer}#{subject}", user, teams, self._role(claims))

    def _role(self, claims: Json) -> Literal["caller", "admin"]:
        roles = self.settings.roles
        if not roles:
            return "caller"
        found = {roles[value] for value in _texts(_inside(claims, self.settings.claims.role)) if value in roles}
        if not found:
            raise refusal("has none of the roles that may come in")
        return "admin" if "admin" in found else "caller"

    def caller(self, person: Person) -> Caller:
        """Return the caller that a person is, with the limits that the directory knows now.

        Raises:
            Unauthorized: The user or team is disabled.
        """
        directory = self._directory()
        user = directory.subject("user", person.user)
        found = ((name, directory.subject("team", name)) for name in person.teams)
        nobody = (next(iter(person.teams), ""), None)
        team_name, team = next(((name, one) for name, one in found if one is not None), nobody)
        own = Subject("key", person.tenant, person.user)
        return Caller(
            tenant=person.tenant,
            key_name=person.user,
            allowed_models=self.settings.models,
            role=person.role,
            key_id=person.tenant,
            user=person.user if user is None else user.id,
            team=team_name if team is None else team.id,
            subjects=(own, *(one for one in (user, team) if one is not None)),
        )


def _inside(claims: Json, name: str) -> Any:
    """Return the claim of a name, or what a name with dots leads to, as in Keycloak's ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for step in name.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return value


def _texts(value: Any) -> tuple[str, ...]:
    """Return the names in a claim that is one or a list of them; what is fit for none is left out."""
    values = value[:MAX_LISTED] if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str) and 0 < len(one) <= MAX_TEXT and one.isprintable())
