"""What Cohere's errors mean."""

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest, UpstreamBusy, UpstreamError, UpstreamRefused
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.cohere.asking import KEY, cohere
from tests.conformance.provider_sample import ask

TRIAL = "You are using a Trial key, which is limited to {} API calls / {}. You can continue to use the Trial key."


@pytest.mark.parametrize(
    ("status", "text", "kind", "code", "retryable"),
    [
        (400, "too many tokens: total tokens 9000", InvalidRequest, "context_length_exceeded", False),
        (402, "billing limit reached", UpstreamRefused, "insufficient_quota", False),
        (422, "invalid type", InvalidRequest, "invalid_value", False),
        (429, TRIAL.format(10, "minute"), UpstreamBusy, "rate_limit_exceeded", True),
        (429, TRIAL.format(1000, "month"), UpstreamRefused, "insufficient_quota", False),
        (498, "blocked output", InvalidRequest, "content_filter", False),
        (498, "invalid api token", UpstreamRefused, "upstream_auth_error", False),
        (499, "client closed request", UpstreamError, "upstream_error", True),
        (501, "not implemented", UpstreamError, "upstream_error", False),
        (504, "timeout", UpstreamError, "upstream_error", True),
    ],
)
def test_status_and_text_say_whose_fault_it_is(status, text, kind, code, retryable):
    error = cohere().error(UpstreamHead(status, {}), msgspec.json.encode({"id": "e", "message": text}))
    assert type(error) is kind
    assert (error.code, error.retryable) == (code, retryable)


def test_time_to_wait_is_read_in_milliseconds_first():
    head = UpstreamHead(429, {"retry-after-ms": "250", "retry-after": "9"})
    assert cohere().error(head, b'{"message":"slow down"}').retry_after == 0.25


def test_failure_in_a_stream_is_that_error_without_the_key():
    told = b'data: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"%b is out"}}\n\n' % str(KEY).encode()
    decoder = cohere().decoder(ask(stream=True), UpstreamHead(200, {"content-type": "text/event-stream"}))
    with pytest.raises(UpstreamError, match="is out") as caught:
        decoder.feed(told)
    assert str(KEY) not in caught.value.message
