"""What can go wrong with keys that are kept in a database."""

from __future__ import annotations

from sluicegate.pipeline.errors import Fault, GatewayError


class UnusableKeySecret(ValueError):
    """The secret to know keys by is missing, or is another than made them. The message says what to do."""


class DirectoryUnavailable(GatewayError):
    """Nobody can tell now whether a key is known: the database was never read, or another secret made its keys."""

    status = 503
    code = "directory_unavailable"
    type = "overloaded_error"
    fault = Fault.CAPACITY
    retryable = True


class Conflict(GatewayError):
    """What is asked for does not go together with what there is: a name that is taken, a team that has members."""

    status = 409
    code = "conflict"
    type = "invalid_request_error"
    fault = Fault.CLIENT
