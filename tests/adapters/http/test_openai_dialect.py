import json

from sluicegate.adapters.http.openai_dialect import OPENAI
from sluicegate.pipeline.errors import InvalidRequest, StreamInterrupted


def test_all_four_keys_are_there_with_real_nulls():
    assert json.loads(OPENAI.error(InvalidRequest("no", param="model"), "label")) == {
        "error": {"message": "no", "type": "invalid_request_error", "param": "model", "code": "invalid_value"}
    }
    assert json.loads(OPENAI.error(InvalidRequest("no"), "label"))["error"]["param"] is None


def test_a_complete_stream_ends_with_the_terminator():
    assert OPENAI.clean_end() == b"data: [DONE]\n\n"


def test_a_cut_stream_ends_with_the_error_and_without_the_terminator():
    end = OPENAI.broken_end(StreamInterrupted("cut"), "label")
    assert end.startswith(b'data: {"error":{')
    assert end.endswith(b"}}\n\n")
    assert b"[DONE]" not in end
