"""What Anthropic's errors mean: whose fault, which code, whether to ask again."""

import msgspec
import pytest

from sluicegate.pipeline.errors import (
    Fault,
    InvalidRequest,
    NotFound,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.anthropic.samples import KEY, translator

NOW = 1_800_000_000.0


def error(status, kind, message="because", details=None, **headers):
    body = {"type": "error", "error": {"type": kind, "message": message, "details": details}, "request_id": "r"}
    head = UpstreamHead(status, {name.replace("_", "-"): value for name, value in headers.items()})
    return translator().error(head, msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("status", "kind", "made", "shown", "retryable", "moves_on"),
    [
        (400, "invalid_request_error", InvalidRequest, 400, False, False),
        (401, "authentication_error", UpstreamRefused, 502, False, True),
        (402, "billing_error", UpstreamRefused, 502, False, True),
        (403, "permission_error", UpstreamRefused, 502, False, True),
        (404, "not_found_error", NotFound, 404, False, False),
        (409, "conflict_error", UpstreamError, 502, True, True),
        (412, "invalid_request_error", InvalidRequest, 400, False, False),
        (413, "request_too_large", InvalidRequest, 413, False, False),
        (429, "rate_limit_error", UpstreamBusy, 429, True, True),
        (431, "invalid_request_error", InvalidRequest, 400, False, False),
        (500, "api_error", UpstreamError, 502, True, True),
        (503, "api_error", UpstreamError, 502, True, True),
        (504, "timeout_error", UpstreamTimeout, 504, True, True),
        (529, "overloaded_error", UpstreamError, 503, True, True),
    ],
)
def test_a_status_tells_what_to_do(status, kind, made, shown, retryable, moves_on):
    found = error(status, kind)
    assert type(found) is made
    assert (found.status, found.retryable, found.moves_on) == (shown, retryable, moves_on)


def test_codes_are_those_that_clients_know():
    assert error(404, "not_found_error").code == "model_not_found"
    assert error(413, "request_too_large").code == "request_too_large"
    assert error(529, "overloaded_error").code == "overloaded"
    assert error(402, "billing_error").code == "insufficient_quota"


def test_a_prompt_that_is_too_long_is_told_as_such():
    found = error(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")
    assert (found.code, found.fault) == ("context_length_exceeded", Fault.CLIENT)


def test_a_lack_of_credit_is_the_gateways_own():
    found = error(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.")
    assert isinstance(found, UpstreamRefused)
    assert (found.code, found.moves_on) == ("insufficient_quota", True)
    assert "credit balance" not in found.message


def test_a_limit_of_spending_is_not_worth_another_try():
    found = error(429, "rate_limit_error", details={"error_code": "ramp_limit_exceeded"})
    assert (type(found), found.retryable, found.moves_on) == (UpstreamBusy, False, True)


@pytest.mark.parametrize(("status", "told", "retryable"), [(500, "false", False), (403, "true", True)])
def test_the_server_may_say_whether_to_ask_again(status, told, retryable):
    assert error(status, "api_error", x_should_retry=told).retryable is retryable


def test_patience_is_read_from_the_headers():
    assert error(429, "rate_limit_error", retry_after="12").retry_after == 12.0
    assert error(529, "overloaded_error", retry_after="3").retry_after == 3.0


def test_limits_that_are_used_up_tell_when_they_are_reset():
    reset = {"anthropic_ratelimit_tokens_reset": "2027-01-15T08:00:30Z", "anthropic_ratelimit_tokens_remaining": "0"}
    other = {
        "anthropic_ratelimit_requests_reset": "2027-01-15T09:00:00Z",
        "anthropic_ratelimit_requests_remaining": "5",
    }
    assert error(429, "rate_limit_error", **reset, **other).retry_after == 30.0
    assert error(429, "rate_limit_error", **other).retry_after is None
    damaged = {**reset, "anthropic_ratelimit_tokens_reset": "soon"}
    assert error(429, "rate_limit_error", **damaged).retry_after is None


def test_a_page_is_not_the_callers_fault():
    found = translator().error(UpstreamHead(404, {}), b"<html><title>nginx</title></html>")
    assert (type(found), found.retryable) == (UpstreamError, False)
    assert "base_url" in found.message


def test_no_error_tells_the_key():
    for status in (400, 404, 429, 500, 504, 529):
        found = error(status, "api_error", f"key {KEY!s} is bad")
        assert str(KEY) not in found.message
