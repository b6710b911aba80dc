import json

import pytest

from sluicegate.adapters.http.anthropic_dialect import ANTHROPIC
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, StreamInterrupted
from sluicegate.pipeline.reply import Chunk, ChunkKind


def test_an_error_has_type_message_and_the_requests_id():
    assert json.loads(ANTHROPIC.error(InvalidRequest("no", param="model"), "req_1")) == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "no"},
        "request_id": "req_1",
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (405, "invalid_request_error"),
        (408, "timeout_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_the_type_goes_by_the_status(status, kind):
    assert json.loads(ANTHROPIC.error(GatewayError("no", status=status), ""))["error"]["type"] == kind


def test_frames_have_the_names_of_their_events():
    chunks = [Chunk(b'{"type":"ping"}', ChunkKind.HEAD, "ping"), Chunk(b"{}", ChunkKind.CONTENT, "content_block_delta")]
    assert ANTHROPIC.frames(chunks) == (
        b'event: ping\ndata: {"type":"ping"}\n\nevent: content_block_delta\ndata: {}\n\n'
    )


def test_nothing_follows_the_last_event_of_a_complete_stream():
    assert ANTHROPIC.clean_end() == b""


def test_a_cut_stream_ends_with_an_error_event():
    end = ANTHROPIC.broken_end(StreamInterrupted("cut"), "req_1")
    assert end.startswith(b'event: error\ndata: {"type":"error",')
    assert end.endswith(b"}\n\n")
