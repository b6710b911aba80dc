"""What the errors of the family mean: whose fault, which code, and how long to wait."""

import msgspec
import pytest

from sluicegate.adapters.providers.custom.settings import CustomAuth
from sluicegate.pipeline.errors import (
    GatewayError,
    InvalidRequest,
    NotFound,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
)
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.family.wires import TYPES, build
from tests.conformance.provider_sample import KEY


def error(type_: str, status: int, body: object, **headers: str) -> GatewayError:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    head = UpstreamHead(status, {name.replace("_", "-"): value for name, value in headers.items()})
    return build(type_).error(head, data)


def told(**fields: object) -> dict:
    return {"error": {"message": "told", **fields}}


@pytest.mark.parametrize(
    ("type_", "status", "body", "kind", "code", "retryable"),
    [
        (
            "azure",
            400,
            told(code=None, innererror={"code": "ResponsibleAIPolicyViolation"}),
            InvalidRequest,
            "content_filter",
            False,
        ),
        ("azure", 400, told(code="content_filter"), InvalidRequest, "content_filter", False),
        ("azure", 401, told(code="PermissionDenied"), UpstreamRefused, "upstream_auth_error", False),
        ("azure", 403, told(code="AuthenticationTypeDisabled"), UpstreamRefused, "upstream_auth_error", False),
        ("azure", 404, told(code="DeploymentNotFound"), UpstreamError, "DeploymentNotFound", False),
        ("azure", 404, told(code="404"), NotFound, "model_not_found", False),
        ("azure", 408, told(code="Timeout"), UpstreamError, "upstream_error", True),
        ("azure", 424, told(), UpstreamError, "upstream_error", True),
        ("azure", 429, told(code="429"), UpstreamBusy, "rate_limit_exceeded", True),
        ("azure", 503, told(code="ServiceUnavailable"), UpstreamError, "upstream_error", True),
        ("groq", 400, told(code="tool_use_failed", failed_generation="<tool"), UpstreamError, "upstream_error", True),
        ("groq", 400, told(code="model_decommissioned"), NotFound, "model_not_found", False),
        ("groq", 413, told(code="rate_limit_exceeded", type="tokens"), UpstreamError, "rate_limit_exceeded", False),
        ("groq", 424, told(), UpstreamError, "upstream_error", False),
        ("groq", 498, told(), UpstreamBusy, "rate_limit_exceeded", True),
        (
            "mistral",
            400,
            {"object": "error", "message": "Invalid model: x", "code": "1500"},
            NotFound,
            "model_not_found",
            False,
        ),
        (
            "mistral",
            400,
            {"message": "too large for model with 32768 maximum context length"},
            InvalidRequest,
            "context_length_exceeded",
            False,
        ),
        ("mistral", 402, {"message": "pay"}, UpstreamRefused, "insufficient_quota", False),
        (
            "mistral",
            422,
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "user"], "msg": "no"}]},
            InvalidRequest,
            "invalid_value",
            False,
        ),
        ("mistral", 429, {"message": "capacity exceeded", "code": "3505"}, UpstreamBusy, "rate_limit_exceeded", True),
        (
            "openrouter",
            400,
            told(code=400, metadata={"error_type": "context_length_exceeded"}),
            InvalidRequest,
            "context_length_exceeded",
            False,
        ),
        ("openrouter", 402, told(code=402), UpstreamRefused, "insufficient_quota", False),
        (
            "openrouter",
            403,
            told(code=403, metadata={"error_type": "content_policy_violation"}),
            InvalidRequest,
            "content_policy_violation",
            False,
        ),
        ("openrouter", 403, told(code=403), UpstreamRefused, "upstream_auth_error", False),
        (
            "openrouter",
            502,
            told(code=502, metadata={"error_type": "provider_unavailable"}),
            UpstreamError,
            "upstream_error",
            True,
        ),
        ("openrouter", 529, told(code=529), UpstreamError, "upstream_error", True),
        ("perplexity", 400, told(code=400, type="invalid_model"), NotFound, "model_not_found", False),
        ("perplexity", 401, b"<html><title>401</title></html>", UpstreamRefused, "upstream_auth_error", False),
        ("perplexity", 524, b"<html><title>timeout</title></html>", UpstreamError, "upstream_error", True),
        ("together", 404, told(code="model_not_available"), NotFound, "model_not_found", False),
        (
            "together",
            422,
            told(message="Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097"),
            InvalidRequest,
            "context_length_exceeded",
            False,
        ),
        ("together", 503, told(), UpstreamError, "upstream_error", True),
        (
            "custom",
            429,
            {"error": "Model is overloaded", "error_type": "overloaded"},
            UpstreamBusy,
            "rate_limit_exceeded",
            True,
        ),
        ("custom", 503, told(code=503, type="unavailable_error"), UpstreamError, "upstream_error", True),
        (
            "custom",
            400,
            told(code=400, type="exceed_context_size_error"),
            InvalidRequest,
            "context_length_exceeded",
            False,
        ),
        (
            "custom",
            400,
            {"error": "Incorrect", "code": "Client specified an invalid argument"},
            InvalidRequest,
            "invalid_value",
            False,
        ),
    ],
)
def test_error_means(type_, status, body, kind, code, retryable):
    found = error(type_, status, body)
    assert type(found) is kind
    assert (found.code, found.retryable) == (code, retryable)


def test_deployment_that_is_not_there_leaves_the_next_target_its_turn():
    assert error("azure", 404, told(code="DeploymentNotFound")).moves_on
    assert not error("azure", 404, told(code="404")).moves_on


@pytest.mark.parametrize(
    ("type_", "headers", "message", "seconds"),
    [
        ("azure", {"retry_after_ms": "1500", "retry_after": "9"}, "", 1.5),
        ("azure", {}, "Please retry after 26 seconds.", 26.0),
        ("azure", {}, "Please retry.", None),
        ("groq", {"retry_after": "2", "x_ratelimit_reset_tokens": "7.66s"}, "", 2.0),
        ("groq", {"x_ratelimit_reset_tokens": "7.66s", "x_ratelimit_reset_requests": "2m59.56s"}, "", 7.66),
        ("groq", {}, "Rate limit reached. Please try again in 7.66s. Visit", 7.66),
        ("openrouter", {"x_ratelimit_reset": "1790000005500"}, "", 5.5),
        ("together", {"x_ratelimit_reset": "3"}, "", 3.0),
        ("custom", {"ratelimit_reset": "1790000004"}, "", 4.0),
        ("custom", {"x_ratelimit_reset_requests": "2m59.5s"}, "", 179.5),
        ("custom", {"x_ratelimit_reset": "20ms"}, "", 0.02),
        ("custom", {"x_ratelimit_reset": "1h2m"}, "", 3720.0),
        ("custom", {"x_ratelimit_reset": "1"}, "", 1.0),
        ("custom", {"x_ratelimit_reset": "1e308"}, "", None),
        ("custom", {"x_ratelimit_reset": "nan"}, "", None),
        ("custom", {"x_ratelimit_reset": "-1"}, "", None),
        ("custom", {"x_ratelimit_reset": "soon"}, "", None),
        ("custom", {"x_ratelimit_reset": "1600000000"}, "", 0.0),
    ],
)
def test_seconds_to_wait_are_read_in_the_providers_form(type_, headers, message, seconds):
    translator = build(type_, wall=lambda: 1790000000.0)
    head = UpstreamHead(429, {name.replace("_", "-"): value for name, value in headers.items()})
    found = translator.error(head, msgspec.json.encode(told(message=message)))
    assert found.retry_after == pytest.approx(seconds)


def test_nobody_waits_where_the_request_is_wrong():
    assert error("custom", 400, told(), x_ratelimit_reset="5").retry_after is None


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_key_is_never_shown_by_any_spelling(type_):
    key = "sk+odd/key&0123456789"
    settings = {"api_key": type(KEY)(key)}
    kinds = ["bearer", "header", "query", "basic", "none"] if type_ == "custom" else [None]
    for kind in kinds:
        if kind is not None:
            settings["auth"] = CustomAuth(kind=kind)
        for spelled in (key, "sk%2Bodd%2Fkey%260123456789"):
            found = build(type_, **settings).error(UpstreamHead(400, {}), msgspec.json.encode(told(message=spelled)))
            assert "0123456789" not in found.message
