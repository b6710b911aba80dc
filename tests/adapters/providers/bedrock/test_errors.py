"""Errors of Bedrock, which have names, and what stands in the configuration."""

import msgspec
import pytest

from sluicegate.adapters.providers.bedrock import Bedrock, BedrockSettings
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.errors import (
    GatewayError,
    InvalidRequest,
    NotFound,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.bedrock.asking import bedrock

SIGNED = {
    "api_key": "",
    "access_key_id": "AKIDEXAMPLE1234",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG",
    "session_token": "FwoGZXIvYXdzEJr",
}


def error(status: int, kind: str = "", message: str = "told", **fields: str) -> GatewayError:
    headers = {"x-amzn-errortype": kind} if kind else {}
    body = msgspec.json.encode({"message": message, **fields})
    return bedrock(**SIGNED).error(UpstreamHead(status, headers), body)


@pytest.mark.parametrize(
    ("status", "kind", "expected", "retryable"),
    [
        (400, "ValidationException", InvalidRequest, False),
        (400, "ServiceQuotaExceededException", UpstreamBusy, True),
        (403, "AccessDeniedException", UpstreamRefused, False),
        (403, "UnrecognizedClientException", UpstreamRefused, False),
        (403, "ExpiredTokenException", UpstreamRefused, False),
        (403, "InvalidSignatureException", UpstreamRefused, False),
        (404, "ResourceNotFoundException", NotFound, False),
        (408, "ModelTimeoutException", UpstreamTimeout, True),
        (424, "ModelErrorException", UpstreamError, True),
        (429, "ThrottlingException", UpstreamBusy, True),
        (429, "ModelNotReadyException", UpstreamError, True),
        (500, "InternalServerException", UpstreamError, True),
        (503, "ServiceUnavailableException", UpstreamError, True),
        (424, "SomethingNewException", UpstreamError, True),
        (418, "SomethingNewException", InvalidRequest, False),
    ],
)
@pytest.mark.parametrize("where", ["header", "header with a link", "body"])
def test_errors_go_by_their_names(status, kind, expected, retryable, where):
    if where == "body":
        found = error(status, __type=f"com.amazon.coral.service#{kind}")
    else:
        found = error(status, kind + (":http://internal.amazon.com/coral/x/" if "link" in where else ""))
    assert type(found) is expected
    assert found.retryable is retryable


def test_refusals_say_what_to_look_at_and_nothing_of_the_account():
    arn = "User: arn:aws:iam::123456789012:user/x is not authorized"
    for kind, told in (
        ("AccessDeniedException", "no access"),
        ("ExpiredTokenException", "expired"),
        ("InvalidSignatureException", "clock"),
        ("UnrecognizedClientException", "did not accept"),
    ):
        found = error(403, kind, arn)
        assert told in found.message
        assert "123456789012" not in found.message


def test_too_long_a_prompt_has_its_code():
    assert error(400, "ValidationException", "Input is too long for requested model.").code == "context_length_exceeded"
    assert error(400, "ValidationException", "too many tokens").code == "context_length_exceeded"


def test_message_may_begin_with_a_capital():
    assert "slow down" in error(429, "ThrottlingException", "", Message="slow down").message


def test_no_error_or_repr_shows_what_signs():
    secrets = [value for value in SIGNED.values() if value]
    told = " ".join(secrets)
    for status in (300, 400, 403, 404, 429, 500):
        found = error(status, "", told, __type="ValidationException")
        assert not any(secret in found.message + repr(found) for secret in secrets)
    translator = bedrock(**SIGNED)
    settings = BedrockSettings(type="bedrock", **{name: Secret(value) for name, value in SIGNED.items()})
    assert not any(secret in repr(translator) + repr(settings) for secret in secrets)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"region": "../x"}, "no region"),
        ({"access_key_id": "A"}, "go together"),
        ({"secret_access_key": "S"}, "go together"),
        ({"session_token": "T"}, "session_token needs"),
        ({"access_key_id": "A\n", "secret_access_key": "S"}, "no HTTP header"),
    ],
)
def test_settings_that_cannot_work_are_refused(given, told):
    with pytest.raises(ValueError, match=told):
        BedrockSettings(type="bedrock", **given)


def test_who_asks_has_to_be_known_where_aws_itself_is_asked():
    with pytest.raises(ValueError, match="needs an api_key"):
        Bedrock("aws", BedrockSettings(type="bedrock"))
    assert Bedrock("aws", BedrockSettings(type="bedrock", base_url="http://127.0.0.1:1")).models() == ()
