"""What can go wrong with a database. No message holds its password, or a value that was to be written."""

from __future__ import annotations

from sluicegate.pipeline.errors import Fault, GatewayError


class BadDatabaseUrl(ValueError):
    """A URL names no database that can be used here. The message says why, and shows no password."""


class DatabaseUnavailable(GatewayError):
    """The database cannot be reached, is locked, or has no room: the same work may succeed later."""

    status = 503
    code = "database_unavailable"
    fault = Fault.CAPACITY
    retryable = True


class DatabaseConflict(GatewayError):
    """What was to be written is there already, or breaks another rule of its table."""

    status = 409
    code = "conflict"
    type = "invalid_request_error"
    fault = Fault.CLIENT


class DatabaseFailed(GatewayError):
    """The database refused the work itself: a missing table, a value that it cannot hold, a file that is none."""

    code = "database_failed"
