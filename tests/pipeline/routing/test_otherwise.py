import pytest

from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.routing.otherwise import CONTENT_POLICY, CONTEXT_WINDOW, reason_of


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InvalidRequest("too long", code="context_length_exceeded"), CONTEXT_WINDOW),
        (InvalidRequest("prompt is too long: 210000 tokens > 200000 maximum"), CONTEXT_WINDOW),
        (
            InvalidRequest("The input token count (2000000) exceeds the maximum number of tokens"),
            CONTEXT_WINDOW,
        ),
        (InvalidRequest("This model's maximum context length is 8192 tokens."), CONTEXT_WINDOW),
        (InvalidRequest("blocked", code="content_filter"), CONTENT_POLICY),
        (InvalidRequest("blocked", code="content_policy_violation"), CONTENT_POLICY),
        (InvalidRequest("messages is empty"), None),
        (UpstreamError("prompt is too long"), None),
    ],
)
def test_refusals_are_known_by_code_or_by_their_words(error, reason):
    assert reason_of(error) == reason
