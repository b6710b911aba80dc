import json

from sluicegate.adapters.http.responses_dialect import ResponsesDialect
from sluicegate.pipeline.errors import StreamInterrupted
from sluicegate.pipeline.reply import Chunk, ChunkKind

CREATED = b'{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress"}}'


def told(dialect: ResponsesDialect) -> list[dict]:
    end = dialect.broken_end(StreamInterrupted("cut"), "label").decode()
    return [json.loads(event.partition("data: ")[2]) for event in end.split("\n\n") if event]


def test_a_complete_stream_ends_with_its_own_last_event():
    assert ResponsesDialect().clean_end() == b""


def test_a_cut_stream_goes_on_counting_and_fails():
    dialect = ResponsesDialect()
    dialect.frames([Chunk(CREATED, ChunkKind.HEAD, "response.created")])
    dialect.frames([Chunk(b'{"type":"x","sequence_number":7}', ChunkKind.CONTENT, "x")])
    error, failed = told(dialect)
    assert error == {
        "type": "error",
        "code": "stream_interrupted",
        "message": "cut",
        "param": None,
        "sequence_number": 8,
    }
    assert (failed["type"], failed["sequence_number"]) == ("response.failed", 9)
    assert failed["response"] == {
        "id": "resp_1",
        "status": "failed",
        "error": {"code": "server_error", "message": "cut"},
    }


def test_of_a_stream_that_never_said_what_it_is_there_is_the_error_alone():
    dialect = ResponsesDialect()
    dialect.frames([Chunk(b"nonsense", ChunkKind.HEAD, "x")])
    (error,) = told(dialect)
    assert error["sequence_number"] == 0
