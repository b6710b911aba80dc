"""What stands between the network and a gateway, the same in a process that serves alone and in a worker."""

from __future__ import annotations

from importlib.metadata import version as version_of

from sluicegate.adapters.http.admin.door import AdminDoor, Finder
from sluicegate.adapters.http.admin.identities import IdentityPages
from sluicegate.adapters.http.admin.pages import Pages
from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.adapters.http.app import FrontDoor
from sluicegate.adapters.http.reloading import Reload
from sluicegate.adapters.identity.directory import DatabaseDirectory
from sluicegate.adapters.telemetry.view import View
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.directory import Known
from sluicegate.pipeline.gateway import Gateway
from sluicegate.stages.auth import AuthSettings
from sluicegate.stages.parts.keys import KeyTable

from .exposure import needs_key


def front_of(
    gateway: Gateway, config: GatewayConfig, key: AdminKey, *, view: View | None = None, reload: Reload | None = None
) -> FrontDoor:
    """Return the ASGI application of a gateway. Inside a running trio program.

    Args:
        view: Where the admin pages have their figures from; from this gateway alone by default.
        reload: Reads the configuration anew; by default nobody can.
    """
    version = version_of("sluicegate")
    pages = Pages(gateway, config, version=version, view=view, reload=reload)
    directory = gateway.resources.directory
    identities = IdentityPages(directory) if isinstance(directory, DatabaseDirectory) else None
    door = AdminDoor(key, pages, config.metrics, find=finder(gateway, config), identities=identities)
    return FrontDoor(gateway, door, version=version, keyless=lambda: not needs_key(gateway, config))


def finder(gateway: Gateway, config: GatewayConfig) -> Finder:
    """Return what finds API keys and tokens, in the order in which `auth` does."""
    auth = dict(config.stages).get("auth")
    table = KeyTable(auth.api_keys if isinstance(auth, AuthSettings) else ())

    async def find(text: str) -> Known | None:
        resources = gateway.resources
        known = table.find(text) or resources.directory.find(text)
        if known is None and resources.tokens is not None and resources.tokens.looks_like_one(text):
            return await resources.tokens.fetch(text)
        return known

    return find
