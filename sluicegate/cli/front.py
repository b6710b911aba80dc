"""What stands between the network and a gateway, the same in a process that serves alone and in a worker."""

from __future__ import annotations

from importlib.metadata import version as version_of

from sluicegate.adapters.http.admin.door import AdminDoor
from sluicegate.adapters.http.admin.pages import Pages
from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.adapters.http.app import FrontDoor
from sluicegate.adapters.telemetry.view import View
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.gateway import Gateway

from .exposure import has_keys


def front_of(gateway: Gateway, config: GatewayConfig, key: AdminKey, *, view: View | None = None) -> FrontDoor:
    """Return the ASGI application of a gateway. Inside a running trio program.

    Args:
        view: Where the admin pages have their figures from; from this gateway alone by default.
    """
    version = version_of("sluicegate")
    door = AdminDoor(key, Pages(gateway, config, version=version, view=view), config.metrics)
    return FrontDoor(gateway, door, version=version, keyless=not has_keys(config))
