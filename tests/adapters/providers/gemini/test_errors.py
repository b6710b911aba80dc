"""Google's errors: whose fault they are, and how long to wait."""

import msgspec
import pytest

from sluicegate.adapters.providers.gemini.errors import PER_DAY
from sluicegate.pipeline.errors import InvalidRequest, NotFound, UpstreamBusy, UpstreamError, UpstreamRefused
from tests.adapters.providers.gemini.test_answer import ERRORS


def body(code: int, status: str, message: str = "told", *details: dict) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": message, "status": status, "details": details}})


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaMetric": "m", "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
}


@pytest.mark.parametrize(
    ("status", "sent", "kind", "retryable"),
    [
        (400, body(400, "INVALID_ARGUMENT"), InvalidRequest, False),
        (400, body(400, "INVALID_ARGUMENT", "bad", {"reason": "API_KEY_INVALID"}), UpstreamRefused, False),
        (400, body(400, "FAILED_PRECONDITION", "location"), UpstreamRefused, False),
        (401, body(401, "UNAUTHENTICATED"), UpstreamRefused, False),
        (403, body(403, "PERMISSION_DENIED"), UpstreamRefused, False),
        (404, body(404, "NOT_FOUND"), NotFound, False),
        (404, b"<html><title>Error 404</title></html>", UpstreamError, False),
        (429, body(429, "RESOURCE_EXHAUSTED"), UpstreamBusy, True),
        (499, body(499, "CANCELLED"), UpstreamError, False),
        (500, body(500, "INTERNAL"), UpstreamError, True),
        (503, body(503, "UNAVAILABLE"), UpstreamError, True),
        (504, body(504, "DEADLINE_EXCEEDED"), UpstreamError, True),
        (503, b"[" + body(503, "UNAVAILABLE") + b"]", UpstreamError, True),
    ],
)
def test_each_status_has_its_meaning(status, sent, kind, retryable):
    error = ERRORS.read(status, sent)
    assert type(error) is kind
    assert error.retryable is retryable


def test_the_providers_words_reach_the_caller():
    assert ERRORS.read(400, body(400, "INVALID_ARGUMENT", "topP is wrong")).message == "topP is wrong"
    assert "overloaded" in ERRORS.read(503, body(503, "UNAVAILABLE", "overloaded")).message


def test_too_long_a_prompt_has_its_code():
    told = "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576)."
    assert ERRORS.read(400, body(400, "INVALID_ARGUMENT", told)).code == "context_length_exceeded"


def test_wrong_field_is_named():
    detail = {"fieldViolations": [{"field": "generation_config.top_p", "description": "wrong"}]}
    assert ERRORS.read(400, body(400, "INVALID_ARGUMENT", "wrong", detail)).param == "generation_config.top_p"


@pytest.mark.parametrize(
    ("details", "header", "seconds"),
    [
        ((), None, None),
        ((RETRY,), None, 34.5),
        ((RETRY,), 7.0, 7.0),
        ((RETRY, DAY), None, PER_DAY),
        ((DAY,), None, PER_DAY),
        (({"retryDelay": "soon"},), None, None),
        (({"retryDelay": 5},), None, None),
    ],
)
def test_patience_is_read_from_the_details(details, header, seconds):
    sent = body(429, "RESOURCE_EXHAUSTED", "Quota", *details)
    assert ERRORS.read(429, sent, header).retry_after == seconds
    assert ERRORS.read(429, b"[" + sent + b"]", header).retry_after == seconds


@pytest.mark.parametrize("sent", [b'{"error":5}', b'{"error":{"details":5}}', b"[]", b"[[]]", b"null"])
def test_bodies_of_other_shapes_are_errors_all_the_same(sent):
    assert isinstance(ERRORS.read(503, sent), UpstreamError)
