"""Which database `serve`, and the verbs beside it, are about."""

from __future__ import annotations

import msgspec

from sluicegate.adapters.database.open import usual_url
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import GatewayConfig


def with_database(config: GatewayConfig) -> GatewayConfig:
    """Return the configuration with a database: where it names none, the one in the state folder."""
    if config.database.url:
        return config
    database = msgspec.structs.replace(config.database, url=Secret(usual_url()))
    return msgspec.structs.replace(config, database=database)
