"""What is wrong with a connection's bytes, or with its client's patience."""

from __future__ import annotations

from sluicegate.pipeline.errors import Fault, GatewayError


class BadHttp(GatewayError):
    """The bytes are no good HTTP/1.1, or more of it than is taken. The connection ends after it."""

    status = 400
    code = "invalid_http"
    type = "invalid_request_error"
    fault = Fault.CLIENT


def too_slow(message: str) -> BadHttp:
    """Return the error for a client that takes too long to send its request."""
    return BadHttp(message, status=408, code="request_timeout", type="timeout_error")


class ClientLeft(ConnectionError):
    """There is nobody to write to any more. An ASGI server raises an OSError from ``send`` to say so."""
