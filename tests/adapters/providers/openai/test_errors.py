"""Which error an error is."""

import pytest

from sluicegate.adapters.providers.openai.errors import ErrorTable
from sluicegate.adapters.providers.problem import Problem, read_problem
from sluicegate.adapters.providers.secrets import Secrets
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import (
    Fault,
    InvalidRequest,
    NotFound,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
)

KEY = "sk-errors-0123456789"
TABLE = ErrorTable("p", Secrets(HttpProviderSettings(type="openai", api_key=Secret(KEY))))


@pytest.mark.parametrize(
    ("status", "problem", "kind", "shown", "code", "retryable"),
    [
        (301, Problem(), UpstreamError, 502, "upstream_error", False),
        (400, Problem("m"), InvalidRequest, 400, "invalid_value", False),
        (400, Problem("m", code="unsupported_value"), InvalidRequest, 400, "unsupported_value", False),
        (400, Problem("maximum context length is 8192"), InvalidRequest, 400, "context_length_exceeded", False),
        (400, Problem("m", type="exceed_context_size_error"), InvalidRequest, 400, "context_length_exceeded", False),
        (400, Problem("API key not valid."), UpstreamRefused, 502, "upstream_auth_error", False),
        (401, Problem("m"), UpstreamRefused, 502, "upstream_auth_error", False),
        (402, Problem("Insufficient Balance"), UpstreamRefused, 502, "insufficient_quota", False),
        (403, Problem("m", code="unsupported_country"), UpstreamRefused, 502, "upstream_auth_error", False),
        (404, Problem("m"), NotFound, 404, "model_not_found", False),
        (404, Problem("m", code="gone"), NotFound, 404, "gone", False),
        (404, Problem("404 page not found", structured=False), UpstreamError, 502, "upstream_error", False),
        (405, Problem("m"), UpstreamError, 502, "upstream_error", False),
        (408, Problem("m"), UpstreamError, 502, "upstream_error", True),
        (409, Problem("m"), UpstreamError, 502, "upstream_error", True),
        (413, Problem("m"), InvalidRequest, 413, "request_too_large", False),
        (418, Problem("m"), InvalidRequest, 400, "invalid_value", False),
        (422, Problem("m"), InvalidRequest, 422, "invalid_value", False),
        (425, Problem("m"), UpstreamError, 502, "upstream_error", True),
        (429, Problem("m", code="tokens"), UpstreamBusy, 429, "rate_limit_exceeded", True),
        (429, Problem("m", code="insufficient_quota"), UpstreamRefused, 502, "insufficient_quota", False),
        (429, Problem("m", type="insufficient_quota"), UpstreamRefused, 502, "insufficient_quota", False),
        (500, Problem("m"), UpstreamError, 502, "upstream_error", True),
        (503, Problem("m"), UpstreamError, 502, "upstream_error", True),
        (529, Problem("m"), UpstreamError, 502, "upstream_error", True),
        (599, Problem("m"), UpstreamError, 502, "upstream_error", True),
    ],
)
def test_status_and_words_decide(status, problem, kind, shown, code, retryable):
    error = TABLE.error(status, problem)
    assert type(error) is kind
    assert (error.status, error.code, error.retryable) == (shown, code, retryable)


def test_caller_is_told_the_providers_own_words():
    error = TABLE.error(400, Problem("n is too big", "invalid_request_error", "integer_above_max_value", "n"))
    assert (error.message, error.type, error.param) == ("n is too big", "invalid_request_error", "n")
    assert error.fault is Fault.CLIENT


def test_caller_is_told_something_where_the_provider_says_nothing():
    assert TABLE.error(400, Problem()).message == "provider 'p' refused the request (400) without a reason"


def test_refused_key_is_told_without_the_providers_words():
    error = TABLE.error(401, Problem("Incorrect API key provided: sk-err**********6789"))
    assert error.message == "provider 'p' did not accept the gateway's key (401)"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_patience_that_is_asked_for_is_kept(status):
    assert TABLE.error(status, Problem("m"), 7.5).retry_after == 7.5


def test_redirect_says_where_to_look():
    assert TABLE.error(302, Problem()).message == (
        "provider 'p' answered 302: redirects are not followed; look at base_url"
    )


def test_page_that_is_not_there_says_where_to_look():
    problem = read_problem(b"<html><title>Not Found</title></html>")
    assert TABLE.error(404, problem).message == "provider 'p' answered 404: a page titled 'Not Found'; look at base_url"


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (Problem("m"), UpstreamError),
        (Problem("m", status=503), UpstreamError),
        (Problem("m", status=400), InvalidRequest),
        (Problem("m", type="invalid_request_error"), InvalidRequest),
        (Problem("m", code="insufficient_quota"), UpstreamRefused),
        (Problem("m", code="invalid_api_key"), UpstreamRefused),
        (Problem("m", type="overloaded_error"), UpstreamError),
        (Problem("m", type="rate_limit_error"), UpstreamBusy),
    ],
)
def test_error_in_a_successful_answer_has_the_status_it_would_have_had(problem, kind):
    assert type(TABLE.in_band(problem)) is kind
