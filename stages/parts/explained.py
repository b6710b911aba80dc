"""Tell how a request was routed, or would be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import trio

from sluicegate.pipeline.breaker import Breaker
from sluicegate.pipeline.exchange import Exchange, Plan
from sluicegate.pipeline.routing.tree import Told

HEADER = "x-sluicegate-explain"
LONGEST = 4096
"""Bytes of the header. What is longer leaves its decisions out."""


def explanation(exchange: Exchange, told: Told, breakers: Mapping[str, Breaker]) -> bytes:
    """Return the decision as JSON, with how the breakers of its providers stand now."""
    plan = exchange.plan or Plan(())
    now = trio.current_time()
    states = {name: breakers[name].state(now).value for name, _ in plan.targets if name in breakers}
    return msgspec.json.encode({"model": exchange.request.model, **_decided(plan, told), "circuit_breakers": states})


def explain_in_header(told: Told, exchange: Exchange) -> None:
    """Add the decision, and the attempts that came of it, to the head of the answer."""
    plan = exchange.plan or Plan(())
    attempts = [
        {"target": str(one.target), "error": one.error.code if one.error is not None else None}
        for one in exchange.attempts
    ]
    value = _compact({**_decided(plan, told), "attempts": attempts})
    if len(value) > LONGEST:
        value = _compact({"targets": [str(target) for target in plan.targets][:10], "attempts": attempts[:10]})
    exchange.headers.append((HEADER, value))


def _decided(plan: Plan, told: Told) -> dict[str, Any]:
    return {
        "strategy": plan.strategy,
        "targets": [str(target) for target in plan.targets],
        "otherwise": {reason: [str(target) for target in targets] for reason, targets in plan.otherwise.items()},
        "decisions": told,
    }


def _compact(value: dict[str, Any]) -> str:
    """Return JSON of ASCII only: it goes into a header."""
    return json.dumps(value, separators=(",", ":"))
