"""What a caller is told about one of its requests that has ended, as the ledger knows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sluicegate.pipeline.config.kinds import NANOS
from sluicegate.pipeline.ledger import Row


def request_object(rows: Sequence[Row]) -> bytes:
    """Return the JSON of an exchange.

    Args:
        rows: All of its rows, in order; at least one.
    """
    last = rows[-1]
    return msgspec.json.encode(
        {
            "id": last.label,
            "object": "request",
            "created": int(last.at),
            "operation": last.operation,
            "model": last.model or None,
            "stream": last.stream,
            "outcome": last.outcome,
            "status": last.status,
            "code": last.code or None,
            "cache": last.cache or None,
            "tags": last.tags,
            "cost_usd": _dollars(_total(rows)),
            "duration_ms": _milliseconds(last.whole),
            "first_token_ms": _milliseconds(last.first_token),
            "attempts": [_attempt(row) for row in rows if row.attempt],
        }
    )


def _attempt(row: Row) -> dict[str, Any]:
    usage = msgspec.structs.asdict(row.usage)
    return {
        "provider": row.provider,
        "model": row.served,
        "code": row.code or None,
        "usage": {name: value for name, value in usage.items() if value},
        "cost_usd": _dollars(row.cost),
        "duration_ms": _milliseconds(row.duration),
        "first_token_ms": _milliseconds(row.first_token),
    }


def _total(rows: Sequence[Row]) -> int | None:
    """Return what all attempts have cost, or None if that is not known of one."""
    costs = [row.cost for row in rows]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _dollars(nano: int | None) -> float | None:
    return nano / NANOS if nano is not None else None


def _milliseconds(seconds: float | None) -> float | None:
    return round(seconds * 1000, 3) if seconds is not None else None
