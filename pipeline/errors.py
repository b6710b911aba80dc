"""The errors that may cross a module's edge.

Every one of them says four things that a caller can act on: the HTTP status that fits it, a stable code, whose
fault it is, and whether the same target may succeed if asked again. Foreign exceptions are mapped to one of these
at the adapter that met them, with ``from``.
"""

from __future__ import annotations

from enum import Enum
from typing import Self


class Fault(Enum):
    """Whose doing an error is. Only faults of the upstream or of capacity let a plan go on to its next target."""

    CLIENT = "client"
    GATEWAY = "gateway"
    UPSTREAM = "upstream"
    CAPACITY = "capacity"


class GatewayError(Exception):
    """An error that a client may be shown.

    Args:
        message: Names the thing and the limit; it never holds a secret.
        param: The request field that is wrong, as a path such as ``messages[2].content``.
        code: A stable name for programs; the class has a default.
        status: The HTTP status; the class has a default.
        retryable: Whether the same target may succeed if asked again; the class has a default.
        retry_after: Seconds after which asking again makes sense.
    """

    status: int = 500
    code: str = "internal_error"
    type: str = "server_error"
    fault: Fault = Fault.GATEWAY
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int | None = None,
        type: str | None = None,
        fault: Fault | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        if type is not None:
            self.type = type
        if fault is not None:
            self.fault = fault
        if retryable is not None:
            self.retryable = retryable

    def reworded(self, message: str, retry_after: float | None) -> Self:
        """Return the same error in other words. The original may stand in an attempt's row, and stays as it is.

        A subclass whose constructor takes something else has to override it.
        """
        copy = type(self)(
            message,
            param=self.param,
            code=self.code,
            status=self.status,
            type=self.type,
            fault=self.fault,
            retryable=self.retryable,
            retry_after=retry_after,
        )
        copy.__cause__ = self.__cause__
        return copy

    @property
    def moves_on(self) -> bool:
        """Whether another target may succeed where this one failed."""
        return self.fault is Fault.UPSTREAM or self.fault is Fault.CAPACITY


class InvalidRequest(GatewayError):
    """The request itself is wrong; no target would answer it."""

    status = 400
    code = "invalid_value"
    type = "invalid_request_error"
    fault = Fault.CLIENT


class UnsupportedEndpoint(InvalidRequest):
    """The request is right, and this provider's API has nothing of the kind; another one's may."""

    code = "unsupported_endpoint"

    @classmethod
    def of(cls, provider: str, operation: str) -> UnsupportedEndpoint:
        """Return the error that names both."""
        return cls(f"provider {provider!r} has no operation {operation!r}", param="model")


class Unauthorized(GatewayError):
    """The key is missing, unknown or disabled."""

    status = 401
    code = "invalid_api_key"
    type = "authentication_error"
    fault = Fault.CLIENT


class Forbidden(GatewayError):
    """The key is good, but may not do this."""

    status = 403
    code = "model_not_allowed"
    type = "permission_error"
    fault = Fault.CLIENT


class NotFound(GatewayError):
    """There is no such path or model."""

    status = 404
    code = "not_found"
    type = "invalid_request_error"
    fault = Fault.CLIENT


class MethodNotAllowed(GatewayError):
    """The path exists, but not for this method."""

    status = 405
    code = "method_not_allowed"
    type = "invalid_request_error"
    fault = Fault.CLIENT


class TooLarge(GatewayError):
    """The body is over its limit."""

    status = 413
    code = "request_too_large"
    type = "invalid_request_error"
    fault = Fault.CLIENT


class RateLimited(GatewayError):
    """A limit of the caller is used up for now."""

    status = 429
    code = "rate_limit_exceeded"
    type = "rate_limit_error"
    fault = Fault.CLIENT


class ClientGone(GatewayError):
    """The client left before its answer was complete. Seen in logs only; 499 is nginx's name for it."""

    status = 499
    code = "client_closed_request"
    type = "client_closed_request"
    fault = Fault.CLIENT


class StageCrashed(GatewayError):
    """A stage raised something that is not a GatewayError. The cause is in ``__cause__``, never in the message."""

    status = 500
    code = "stage_crashed"


class Overloaded(GatewayError):
    """The gateway has as much in flight as it is allowed, or is ending."""

    status = 503
    code = "overloaded"
    type = "overloaded_error"
    fault = Fault.CAPACITY
    retryable = True


class StoreUnavailable(GatewayError):
    """A store of shared state does not answer, and whoever asked it does not go on without."""

    status = 503
    code = "store_unavailable"
    type = "overloaded_error"
    fault = Fault.CAPACITY
    retryable = True


class DeadlineExceeded(GatewayError):
    """The one deadline of the request is over."""

    status = 504
    code = "deadline_exceeded"
    type = "timeout_error"


class UpstreamError(GatewayError):
    """A provider failed: an error status, a broken connection, an answer that makes no sense."""

    status = 502
    code = "upstream_error"
    fault = Fault.UPSTREAM
    retryable = True


class UpstreamTimeout(UpstreamError):
    """A provider was silent for longer than it may be."""

    status = 504
    code = "upstream_timeout"
    type = "timeout_error"


class UpstreamRefused(UpstreamError):
    """A provider did not accept the gateway's own credentials or quota; the caller's key is not at fault."""

    status = 502
    code = "upstream_auth_error"
    retryable = False


class UpstreamBusy(UpstreamError):
    """A provider asks for patience (429)."""

    status = 429
    code = "rate_limit_exceeded"
    type = "rate_limit_error"
    fault = Fault.CAPACITY


class StreamInterrupted(UpstreamError):
    """A provider's stream ended before it was complete."""

    code = "stream_interrupted"


def as_gateway_error(error: Exception, where: str) -> GatewayError:
    """Return the error itself, or a StageCrashed that stands for it and has it as its cause."""
    if isinstance(error, GatewayError):
        return error
    crash = StageCrashed(f"{where} failed on this request")
    crash.__cause__ = error
    return crash
