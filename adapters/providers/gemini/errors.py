"""What the errors of Google's APIs mean for the gateway: whose fault, which code, and when to ask again.

Source: https://ai.google.dev/gemini-api/docs/troubleshooting, and google.rpc's error_details.proto. The body is
``{"error": {"code", "message", "status", "details": [...]}}``, at times in a list of one.
"""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec

from sluicegate.pipeline.errors import GatewayError, InvalidRequest, UpstreamBusy, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead

from ..openai.errors import ErrorTable
from ..problem import read_problem
from ..secrets import Secrets

PER_DAY = 3600.0
"""Seconds to leave a provider alone whose quota of the day is used up; asking again sooner is in vain."""
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_BAD_KEY = frozenset({"API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "ACCESS_TOKEN_EXPIRED"})


class _Violation(msgspec.Struct, rename="camel"):
    field: object = None
    quota_id: object = None


class _Detail(msgspec.Struct, rename="camel"):
    reason: object = None
    retry_delay: object = None
    violations: list[_Violation] = []
    field_violations: list[_Violation] = []


class _Error(msgspec.Struct):
    status: object = None
    code: object = None
    details: list[_Detail] = []


class _Body(msgspec.Struct):
    error: _Error


_decode = msgspec.json.Decoder(_Body | list[_Body]).decode
_NO_ERROR = _Error()


class GoogleErrors(ErrorTable):
    """Maps one provider's errors.

    Args:
        provider: Its name, for messages.
        secrets: What no message may hold.
    """

    def __init__(self, provider: str, secrets: Secrets) -> None:
        super().__init__(provider, secrets)
        self._name = provider

    def read(self, status: int, body: bytes, retry_after: float | None = None) -> GatewayError:
        """Return the error that a status and a body mean.

        Args:
            retry_after: Seconds to wait that the head asks for.
        """
        problem = read_problem(body)
        error = _error_in(body)
        reasons = {detail.reason for detail in error.details}
        field = next((one.field for detail in error.details for one in detail.field_violations), None)
        if problem.param is None and isinstance(field, str) and len(field) <= 128 and field.isascii():
            problem = replace(problem, param=field)
        if reasons & _BAD_KEY:
            return self.error(401, problem)
        if error.status == "FAILED_PRECONDITION" and status == 400:
            return self._refused("cannot serve the gateway's account, for its region or its bills", status, None)
        if status == 499:
            return UpstreamError(self._says(status, problem), retryable=False)
        found = self.error(status, problem, retry_after)
        if isinstance(found, UpstreamBusy) and found.retry_after is None:
            found.retry_after = _patience(error)
        return found

    def read_in_band(self, body: bytes) -> GatewayError:
        """Return the error for one that came with a successful status."""
        code = _error_in(body).code
        return self.read(code if type(code) is int and 300 <= code <= 599 else 500, body)

    def blocked(self, reason: str) -> InvalidRequest:
        """Return the error for a prompt that is not answered, for what stands in it."""
        shown = reason[:80] if reason.replace("_", "").isalnum() else "no reason"
        return InvalidRequest(f"provider {self._name!r} blocked the prompt: {shown}", code="content_filter")

    def check_type(self, head: UpstreamHead, body: bytes = b"") -> None:
        """Raise UpstreamError unless an answer says that it is JSON; one that says nothing is believed."""
        media_type = head.media_type
        if not media_type or media_type == "application/json" or media_type.endswith("+json"):
            return
        told = f"is {media_type[:80]}, not JSON"
        said = read_problem(body).message if media_type.startswith("text/") else ""
        raise self.nonsense(f"{told}: {said}" if said else told)


def _error_in(body: bytes) -> _Error:
    """Return the error with its details, as far as they are Google's."""
    try:
        found: _Body | list[_Body] = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NO_ERROR
    if isinstance(found, list):
        return found[0].error if found else _NO_ERROR
    return found.error


def _patience(error: _Error) -> float | None:
    """Return the seconds to wait that the details ask for, or None if they ask for none."""
    delays = [detail.retry_delay for detail in error.details if isinstance(detail.retry_delay, str)]
    match = _DELAY.fullmatch(delays[0]) if delays else None
    delay = float(match[1]) if match else None
    quotas = [one.quota_id for detail in error.details for one in detail.violations]
    if any(isinstance(quota, str) and "PerDay" in quota for quota in quotas):
        return max(delay or 0.0, PER_DAY)
    return delay
