"""The errors of calls in the words that a client is told."""

from __future__ import annotations

from collections.abc import Sequence

from sluicegate.pipeline.errors import Fault, GatewayError, UpstreamError, UpstreamTimeout
from sluicegate.pipeline.exchange import Target


def timed_out(provider: str, name: str, seconds: float, *, fault: Fault = Fault.UPSTREAM) -> UpstreamTimeout:
    """Return the error for one of an attempt's timeouts.

    An answer that was longer than it may be will be so again; one that has not begun may begin next time.
    """
    return UpstreamTimeout(
        f"provider {provider!r} exceeded its {name} timeout of {seconds:g} s",
        code=f"upstream_{name}_timeout",
        retryable=name == "first_token",
        fault=fault,
    )


def too_slow(provider: str, least: float, window: float) -> UpstreamTimeout:
    """Return the error for a stream that brings less content than it must."""
    return UpstreamTimeout(
        f"provider {provider!r} has sent less than {least:g} events a second for {window:g} s",
        code="upstream_min_throughput",
        retryable=False,
    )


def left_alone(provider: str, failures: int, retry_after: float) -> UpstreamError:
    """Return the error for a target that is not asked since its breaker is open."""
    return UpstreamError(
        f"provider {provider!r} has failed {failures} times in a row and is left alone for now",
        code="circuit_open",
        status=503,
        retryable=False,
        retry_after=retry_after or 1.0,
    )


def naming(provider: str, error: GatewayError) -> GatewayError:
    """Return the error with the provider's name in its message. What is the caller's fault stays as it is worded."""
    if not error.moves_on or repr(provider) in error.message:
        return error
    return error.reworded(f"provider {provider!r}: {error.message}", error.retry_after)


def most_telling(failures: Sequence[tuple[Target, GatewayError]]) -> GatewayError:
    """Return the one error to tell where all targets of a plan failed.

    It is the last one that may be gone when the client asks again, or else the last. It names the other targets with
    the codes of their errors; if it says when to ask again, then that is when the first of all targets is ready.
    """
    last = next((failure for failure in reversed(failures) if failure[1].retryable), failures[-1])
    error = last[1]
    if len(failures) == 1:
        return error
    others = ", ".join(f"{target} ({failed.code})" for target, failed in (one for one in failures if one is not last))
    retry_after = error.retry_after
    if error.fault is Fault.CAPACITY or retry_after is not None:
        retry_after = min(
            (failed.retry_after for _, failed in failures if failed.retry_after is not None), default=None
        )
    return error.reworded(f"{error.message}; no answer from the other targets either: {others}", retry_after)
