"""Whether the gateway lives, and whether it takes requests."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.gateway import Gateway

LIVENESS = frozenset({"/health/liveliness", "/health/liveness"})
"""These stay well during a drain: an orchestrator kills what does not live, and would cut what is being answered."""
READINESS = frozenset({"/health", "/healthz", "/readyz", "/health/readiness"})
"""These turn to 503, so that no new requests are sent here."""


def check(path: str, gateway: Gateway, version: str) -> tuple[int, bytes]:
    """Return status and body for one of the paths above."""
    status = "draining" if gateway.draining else "ok" if gateway.ready else "starting"
    well = status == "ok" or path in LIVENESS
    return (200 if well else 503), msgspec.json.encode({"status": status, "version": version})
