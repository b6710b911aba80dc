"""What the errors of OpenAI's API mean for the gateway: whose fault, which code, and whether to ask again.

Source: https://platform.openai.com/docs/guides/error-codes, and the servers that speak the same API.
"""

from __future__ import annotations

from dataclasses import replace

from sluicegate.pipeline.errors import (
    Fault,
    GatewayError,
    InvalidRequest,
    NotFound,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
)

from ..problem import Problem
from ..secrets import Secrets

NO_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
BAD_KEY = frozenset({"invalid_api_key", "authentication_error", "mismatched_organization", "account_deactivated"})
_BAD_KEY_PHRASES = ("incorrect api key", "invalid api key", "api key not valid", "no api key")
_TOO_LONG_PHRASES = (
    "maximum context length",
    "context window",
    "prompt is too long",
    "too many tokens",
    "exceeds the available context size",
    "input is too long",
    "input token count",
    "max_new_tokens` must be",
    "reduce the length",
)
_TOO_LONG_TYPES = frozenset({"exceed_context_size_error"})
_TRY_AGAIN = frozenset({408, 409, 425})
# A server that has no such path, or does not take POST there, is the wrong server: nothing the caller could change.
_MISDIRECTED = frozenset({405, 406, 411, 415, 421, 426})
_IN_BAND = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "tokens": 429,
    "requests": 429,
    "invalid_request_error": 400,
    "BadRequestError": 400,
    "context_length_exceeded": 400,
    "invalid_prompt": 400,
    "permission_error": 403,
    "overloaded_error": 503,
}


class ErrorTable:
    """Maps one provider's errors.

    Args:
        provider: Its name, for messages.
        secrets: What no message may hold.
    """

    def __init__(self, provider: str, secrets: Secrets) -> None:
        self._provider = provider
        self._secrets = secrets

    def error(self, status: int, problem: Problem, retry_after: float | None = None) -> GatewayError:
        """Return the error that a status and a problem mean."""
        problem = self._clean(problem)
        labels = {problem.code, problem.type}
        if labels & NO_QUOTA or status == 402:
            return self._refused("has no quota left for the gateway's key", status, "insufficient_quota")
        if status in (401, 403) or (400 <= status < 500 and _says_bad_key(problem)):
            return self._refused("did not accept the gateway's key", status, None)
        if status == 429:
            return UpstreamBusy(self._says(status, problem), retry_after=retry_after)
        if 400 <= status < 500 and status not in _TRY_AGAIN:
            return self._callers(status, problem)
        if status < 400:
            told = self._says(status, Problem("redirects are not followed; look at base_url"))
            return UpstreamError(told, retryable=False)
        return UpstreamError(self._says(status, problem), retry_after=retry_after)

    def nonsense(self, what: str) -> UpstreamError:
        """Return the error for a successful answer that is none; ``what`` goes on from "the answer of provider x"."""
        return UpstreamError(self._secrets.hide(f"the answer of provider {self._provider!r} {what}"))

    def in_band(self, problem: Problem) -> GatewayError:
        """Return the error for a problem that came with a successful status."""
        return self.error(_in_band_status(problem), problem)

    def _callers(self, status: int, problem: Problem) -> GatewayError:
        """Return the error for a request that the provider finds wrong: its own words are for the caller."""
        if status in _MISDIRECTED or (status == 404 and not problem.structured):
            told = self._says(status, problem) + "; look at base_url"
            return UpstreamError(told, retryable=False)
        message = problem.message or f"provider {self._provider!r} refused the request ({status}) without a reason"
        if status == 404:
            return NotFound(message, code=problem.code or "model_not_found", type=problem.type, param=problem.param)
        code = "context_length_exceeded" if _says_too_long(problem) else problem.code
        if status == 413 and code is None:
            code = "request_too_large"
        kept = status if status in (400, 413, 422) else 400
        return InvalidRequest(message, code=code, type=problem.type, param=problem.param, status=kept)

    def _refused(self, what: str, status: int, code: str | None) -> UpstreamRefused:
        # Without the provider's words: they quote parts of the key, and are about an account that is not the caller's.
        return UpstreamRefused(f"provider {self._provider!r} {what} ({status})", code=code, fault=Fault.UPSTREAM)

    def _says(self, status: int, problem: Problem) -> str:
        told = f"provider {self._provider!r} answered {status}"
        return f"{told}: {problem.message}" if problem.message else told

    def _clean(self, problem: Problem) -> Problem:
        hide = self._secrets.hide
        return replace(
            problem,
            message=hide(problem.message),
            type=hide(problem.type) if problem.type else None,
            code=hide(problem.code) if problem.code else None,
            param=hide(problem.param) if problem.param else None,
        )


def _says_bad_key(problem: Problem) -> bool:
    if problem.code in BAD_KEY or problem.type in BAD_KEY:
        return True
    message = problem.message.lower()
    return any(phrase in message for phrase in _BAD_KEY_PHRASES)


def _says_too_long(problem: Problem) -> bool:
    if problem.code == "context_length_exceeded" or problem.type in _TOO_LONG_TYPES:
        return True
    message = problem.message.lower()
    return any(phrase in message for phrase in _TOO_LONG_PHRASES)


def _in_band_status(problem: Problem) -> int:
    """Return the status that an error inside a successful answer would have had on its own."""
    if problem.status is not None:
        return problem.status
    if problem.code in NO_QUOTA or problem.type in NO_QUOTA:
        return 429
    if problem.code in BAD_KEY or problem.type in BAD_KEY:
        return 401
    return _IN_BAND.get(problem.code or "") or _IN_BAND.get(problem.type or "") or 500
