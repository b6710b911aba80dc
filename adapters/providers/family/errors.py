"""What the errors of the family's members mean, where that is not what OpenAI's mean."""

from __future__ import annotations

from sluicegate.pipeline.errors import (
    GatewayError,
    InvalidRequest,
    NotFound,
    UpstreamBusy,
    UpstreamError,
)

from ..openai.errors import ErrorTable
from ..problem import Problem
from ..secrets import Secrets
from .patience import read_text
from .profile import ErrorKind, ErrorRules


class FamilyErrors(ErrorTable):
    """Maps one provider's errors: by its own rules first.

    Args:
        provider: Its name, for messages.
        secrets: What no message may hold.
        rules: Its own.
    """

    def __init__(self, provider: str, secrets: Secrets, rules: ErrorRules) -> None:
        super().__init__(provider, secrets)
        self._rules = rules

    def error(self, status: int, problem: Problem, retry_after: float | None = None) -> GatewayError:
        """Return the error that a status and a problem mean."""
        if retry_after is None and status in (429, 503):
            retry_after = read_text(problem.message)
        if problem.code == str(status):  # a status is no code
            problem = Problem(problem.message, problem.type, None, problem.param, problem.status, problem.structured)
        kind = self._kind(status, problem)
        if kind is None:
            return super().error(status, problem, retry_after)
        return self._by_kind(kind, status, self._clean(problem), retry_after)

    def _kind(self, status: int, problem: Problem) -> ErrorKind | None:
        codes = self._rules.codes
        return codes.get(problem.code or "") or codes.get(problem.type or "") or self._rules.statuses.get(status)

    def _by_kind(self, kind: ErrorKind, status: int, problem: Problem, retry_after: float | None) -> GatewayError:
        told = self._says(status, problem)
        if kind == "again":
            return UpstreamError(told, retry_after=retry_after)
        if kind == "busy":
            return UpstreamBusy(told, retry_after=retry_after)
        if kind == "elsewhere":
            return UpstreamError(told, code=problem.code, retryable=False)
        if kind == "key":
            return self._refused("did not accept the gateway's key", status, None)
        if kind == "quota":
            return self._refused("has no quota left for the gateway's key", status, "insufficient_quota")
        if kind == "model":
            return NotFound(problem.message or told, code="model_not_found", type=problem.type, param=problem.param)
        code = "content_filter" if kind == "filtered" else problem.code or problem.type
        kept = status if status in (400, 413, 422) else 400
        return InvalidRequest(problem.message or told, code=code, param=problem.param, status=kept)
