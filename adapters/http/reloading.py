"""What the admin room asks for when it is told to reload, and what it may hear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sluicegate.pipeline.config.problems import Problem
from sluicegate.pipeline.errors import Fault, GatewayError

Reload = Callable[[], Awaitable[dict[str, Any]]]
"""Reads the configuration anew, and returns what has changed. May raise GatewayError, CannotReload among them."""


class CannotReload(GatewayError):
    """The configuration cannot be used, so all stays as it is.

    Attributes:
        problems: All that is wrong, warnings too, in the order of the file.
    """

    status = 422
    code = "invalid_config"
    type = "invalid_request_error"
    fault = Fault.CLIENT

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
