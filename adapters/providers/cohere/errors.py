"""What the errors of Cohere's API mean.

Source: https://docs.cohere.com/reference/errors
"""

from __future__ import annotations

from sluicegate.pipeline.errors import GatewayError

from ..family.errors import FamilyErrors
from ..family.profile import ErrorRules
from ..problem import Problem
from ..secrets import Secrets

# 498 is Cohere's own, for what was said and is not allowed. 499 is about a client that was ours, and is still there.
RULES = ErrorRules(statuses={498: "filtered", 499: "again", 501: "elsewhere"})
MONTHLY = "calls / month"
"""Stands in the 429 of a trial key that is used up. No waiting helps, unlike with ``calls / minute``."""
BAD_TOKEN = ("invalid token", "invalid api token")
"""Stand in a 498 that means the key."""


class CohereErrors(FamilyErrors):
    """Maps one provider's errors.

    Args:
        provider: Its name, for messages.
        secrets: What no message may hold.
    """

    def __init__(self, provider: str, secrets: Secrets) -> None:
        super().__init__(provider, secrets, RULES)

    def error(self, status: int, problem: Problem, retry_after: float | None = None) -> GatewayError:
        """Return the error that a status and a problem mean."""
        said = problem.message.lower()
        if status == 498 and any(phrase in said for phrase in BAD_TOKEN):
            status = 401
        elif status == 429 and MONTHLY in said:
            status = 402
        return super().error(status, problem, retry_after)
