"""Requests for responses where nothing but what is documented is taken."""

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.schemas import texts_of
from sluicegate.stages.validate import read

CALL = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"}
FUNCTION = {"type": "function", "name": "f", "parameters": None, "strict": True, "defer_loading": False}


def strictly(**fields):
    return read("responses", msgspec.json.encode({"model": "m", "input": "x", **fields}), strict=True)[1]


@pytest.mark.parametrize(
    "fields",
    [
        {"input": [CALL, {"type": "reasoning", "id": "rs_1", "summary": [], "status": "completed"}]},
        {"input": [{"role": "assistant", "content": "x", "phase": "commentary", "status": "completed"}]},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x", "prompt_cache_breakpoint": {}}]}]},
        {"input": [{"type": "web_search_call", "status": "completed", "action": {"type": "search"}}]},
        {"tools": [FUNCTION, {"type": "web_search", "filters": {"allowed_domains": ["x"]}}]},
        {"context_management": [{"type": "compaction"}], "prompt_cache_options": {"mode": "explicit"}},
        {"reasoning": {"effort": "low", "mode": "pro", "context": "auto"}},
    ],
)
def test_what_is_documented_is_taken_whole(fields):
    assert strictly(**fields).model == "m"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"inputs": "x"}, "inputs"),
        ({"tools": [{**FUNCTION, "strickt": True}]}, "tools[0].strickt"),
        ({"input": [{**CALL, "args": 1}]}, "input[0].args"),
    ],
)
def test_what_is_not_is_refused_with_its_place(fields, param):
    with pytest.raises(InvalidRequest) as caught:
        strictly(**fields)
    assert caught.value.param == param


def test_texts_are_read_wherever_they_may_stand():
    tool = {**FUNCTION, "output_schema": {"type": "object", "description": "of the output"}}
    found = dict(texts_of(strictly(input=[{**CALL, "namespace": "of the call"}], tools=[tool])))
    assert found["input[0].namespace"] == "of the call"
    assert found["tools[0].output_schema.description"] == "of the output"


def test_a_count_of_tokens_is_no_stream():
    body = b'{"model":"m","input":"Hi","stream":%b}'
    read("count_responses", body % b"false")
    with pytest.raises(InvalidRequest, match="no stream") as caught:
        read("count_responses", body % b"true")
    assert caught.value.param == "stream"
