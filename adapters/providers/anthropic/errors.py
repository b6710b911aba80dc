"""What the errors of Anthropic's API mean for the gateway: whose fault, which code, and whether to ask again.

Sources: https://platform.claude.com/docs/en/api/errors, https://platform.claude.com/docs/en/api/rate-limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

import msgspec

from sluicegate.pipeline.errors import GatewayError, InvalidRequest, UpstreamBusy, UpstreamError, UpstreamTimeout
from sluicegate.pipeline.provider import UpstreamHead

from ..openai.errors import ErrorTable
from ..problem import Problem, read_problem
from ..retry_after import read_retry_after

OVERLOADED = 529
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": OVERLOADED,
}
"""The status that an error has by its type, where it comes inside an answer and has none of its own."""
_NO_CREDIT = "credit balance is too low"
_SPENT = frozenset({"spend_limit_exceeded", "spend_limit_reached", "ramp_limit_exceeded"})
"""Limits that no short wait helps against."""
_COUNTED = ("requests", "tokens", "input-tokens", "output-tokens")


class _Details(msgspec.Struct):
    error_code: str | None = None


class _Error(msgspec.Struct):
    details: _Details | None = None


class _Body(msgspec.Struct):
    error: _Error | None = None


_decode_body = msgspec.json.Decoder(_Body).decode


class AnthropicErrors(ErrorTable):
    """Maps the errors of one provider that speaks the Messages API."""

    def of(self, head: UpstreamHead, body: bytes, wall: float) -> GatewayError:
        """Return the error that an answer with status 300 or above means.

        Args:
            wall: Seconds since the epoch, for headers that tell a date.
        """
        headers = head.headers
        patience = read_retry_after(headers, wall)
        if patience is None and head.status == 429:
            patience = seconds_to_reset(headers, wall)
        error = self.error(head.status, read_problem(body), patience)
        if isinstance(error, UpstreamBusy) and _error_code(body) in _SPENT:
            error.retryable = False
        # The server knows better than any table. It has no say in whose fault an error is.
        if isinstance(error, UpstreamError) and (told := headers.get("x-should-retry")) in ("true", "false"):
            error.retryable = told == "true"
        return error

    def error(self, status: int, problem: Problem, retry_after: float | None = None) -> GatewayError:
        """Return the error that a status and a problem mean."""
        if 400 <= status < 500 and _NO_CREDIT in problem.message.lower():
            return self._refused("has no credit left for the gateway's key", status, "insufficient_quota")
        if status not in (OVERLOADED, 504):
            error = super().error(status, problem, retry_after)
            if isinstance(error, InvalidRequest) and error.status == 413:
                error.code = "request_too_large"
            return error
        told = self._says(status, self._clean(problem))
        if status == 504:
            return UpstreamTimeout(told, retry_after=retry_after)
        return UpstreamError(told, status=503, code="overloaded", type="overloaded_error", retry_after=retry_after)

    def in_band(self, problem: Problem) -> GatewayError:
        """Return the error for a problem that came with a successful status. Its type tells what it is."""
        return self.error(problem.status or _STATUSES.get(problem.type or "", 500), problem)


def seconds_to_reset(headers: Mapping[str, str], wall: float) -> float | None:
    """Return the seconds until all limits that are used up are reset, or None if no header tells of one.

    Args:
        headers: With names in lower case.
        wall: Seconds since the epoch, to compare the dates with.
    """
    waits: list[float] = []
    for counted in _COUNTED:
        if headers.get(f"anthropic-ratelimit-{counted}-remaining") == "0":
            try:
                due = datetime.fromisoformat(headers.get(f"anthropic-ratelimit-{counted}-reset", "")).timestamp()
            except (ValueError, OverflowError, OSError):
                continue
            waits.append(max(0.0, due - wall))
    return max(waits) if waits and math.isfinite(max(waits)) else None


def _error_code(body: bytes) -> str | None:
    try:
        error = _decode_body(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return error.details.error_code if error is not None and error.details is not None else None
