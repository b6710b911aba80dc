import pytest

from sluicegate.pipeline import errors
from sluicegate.pipeline.errors import Fault, GatewayError, InvalidRequest, StageCrashed, UpstreamBusy, as_gateway_error

CLIENT, GATEWAY, UPSTREAM, CAPACITY = Fault.CLIENT, Fault.GATEWAY, Fault.UPSTREAM, Fault.CAPACITY
TABLE = {
    "GatewayError": (500, "internal_error", "server_error", GATEWAY, False),
    "InvalidRequest": (400, "invalid_value", "invalid_request_error", CLIENT, False),
    "UnsupportedEndpoint": (400, "unsupported_endpoint", "invalid_request_error", CLIENT, False),
    "Unauthorized": (401, "invalid_api_key", "authentication_error", CLIENT, False),
    "Forbidden": (403, "model_not_allowed", "permission_error", CLIENT, False),
    "NotFound": (404, "not_found", "invalid_request_error", CLIENT, False),
    "MethodNotAllowed": (405, "method_not_allowed", "invalid_request_error", CLIENT, False),
    "TooLarge": (413, "request_too_large", "invalid_request_error", CLIENT, False),
    "RateLimited": (429, "rate_limit_exceeded", "rate_limit_error", CLIENT, False),
    "ClientGone": (499, "client_closed_request", "client_closed_request", CLIENT, False),
    "StageCrashed": (500, "stage_crashed", "server_error", GATEWAY, False),
    "Overloaded": (503, "overloaded", "overloaded_error", CAPACITY, True),
    "StoreUnavailable": (503, "store_unavailable", "overloaded_error", CAPACITY, True),
    "DeadlineExceeded": (504, "deadline_exceeded", "timeout_error", GATEWAY, False),
    "UpstreamError": (502, "upstream_error", "server_error", UPSTREAM, True),
    "UpstreamTimeout": (504, "upstream_timeout", "timeout_error", UPSTREAM, True),
    "UpstreamRefused": (502, "upstream_auth_error", "server_error", UPSTREAM, False),
    "UpstreamBusy": (429, "rate_limit_exceeded", "rate_limit_error", CAPACITY, True),
    "StreamInterrupted": (502, "stream_interrupted", "server_error", UPSTREAM, True),
}


def test_every_kind_of_error_stands_in_the_table():
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, GatewayError)}
    assert kinds == set(TABLE)


@pytest.mark.parametrize(("name", "says"), TABLE.items())
def test_kind_says_status_code_type_fault_and_whether_to_retry(name, says):
    error = getattr(errors, name)("it is so")
    assert (error.status, error.code, error.type, error.fault, error.retryable) == says
    assert (error.message, str(error), error.param, error.retry_after) == ("it is so", "it is so", None, None)
    assert error.moves_on == (error.fault in (UPSTREAM, CAPACITY))


def test_one_error_may_differ_from_its_kind_without_changing_it():
    error = InvalidRequest(
        "so", param="model", code="c", status=422, type="t", fault=UPSTREAM, retryable=True, retry_after=1.5
    )
    assert (error.param, error.code, error.status, error.type) == ("model", "c", 422, "t")
    assert (error.fault, error.retryable, error.retry_after, error.moves_on) == (UPSTREAM, True, 1.5, True)
    assert (InvalidRequest.status, InvalidRequest.code, InvalidRequest("so").retryable) == (400, "invalid_value", False)


def test_error_in_other_words_is_the_same_in_all_else_and_leaves_the_first_as_it_was():
    cause = KeyError("x")
    error = UpstreamBusy("so", param="model", code="c", status=503, type="t", fault=UPSTREAM, retryable=False)
    error.__cause__ = cause
    other = error.reworded("otherwise", 2.5)
    assert type(other) is UpstreamBusy
    assert (str(other), other.args, other.message, other.retry_after) == ("otherwise", ("otherwise",), "otherwise", 2.5)
    assert (other.param, other.code, other.status, other.type) == ("model", "c", 503, "t")
    assert (other.fault, other.retryable, other.__cause__) == (UPSTREAM, False, cause)
    assert (str(error), error.message, error.retry_after) == ("so", "so", None)


def test_gateway_error_stands_for_itself():
    error = InvalidRequest("so")
    assert as_gateway_error(error, "stage 'x'") is error


def test_foreign_error_is_a_crash_that_keeps_it_as_cause_and_out_of_the_message():
    foreign = KeyError("sk-secret")
    crash = as_gateway_error(foreign, "stage 'x'")
    assert isinstance(crash, StageCrashed)
    assert crash.__cause__ is foreign
    assert crash.message == "stage 'x' failed on this request"
