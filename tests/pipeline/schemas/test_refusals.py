"""One table: a wrong request, the path and code that its refusal has, and what its message says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.stages.validate import read
from tests.pipeline.schemas.bodies import (
    COMPLETION,
    EMBEDDING,
    MISSING,
    body_of,
    call,
    chat,
    function,
    said,
    with_message,
)

TYPE = "invalid_type"
VALUE = "invalid_value"
MISS = "missing_required_parameter"

CHATS: list[tuple[bytes, str, str, str]] = [
    (chat(model=MISSING), "model", MISS, "model: required, but missing"),
    (chat(model=None), "model", TYPE, "expected a string, got null"),
    (chat(model=7), "model", TYPE, "expected a string, got a number"),
    (chat(model=""), "model", "empty_string", "must not be empty"),
    (chat(model=" \t"), "model", VALUE, "must not be blank"),
    (chat(model="m" * 257), "model", "string_above_max_length", "at most 256 characters"),
    (chat(messages=MISSING), "messages", MISS, "required, but missing"),
    (chat(messages=None), "messages", TYPE, "expected a list, got null"),
    (chat(messages="hi"), "messages", TYPE, "expected a list, got a string"),
    (chat(messages={}), "messages", TYPE, "expected a list, got an object"),
    (chat(messages=[]), "messages", "empty_array", "messages: must not be empty"),
    (chat(messages=["hi"]), "messages[0]", TYPE, "expected an object, got a string"),
    (with_message(content="x"), "messages[2].role", MISS, "required, but missing"),
    (with_message(role="robot", content="x"), "messages[2].role", VALUE, "one of system, developer, user, assistant, "),
    (with_message(role="robot", content="x"), "messages[2].role", VALUE, "not 'robot'"),
    (with_message(role=1, content="x"), "messages[2].role", TYPE, "expected a string, got a number"),
    (with_message(role="user"), "messages[2].content", MISS, "required for role user"),
    (with_message(role="system", content=None), "messages[2].content", MISS, "required for role system"),
    (with_message(role="user", content=5), "messages[2].content", TYPE, "a string or a list of parts, got a number"),
    (with_message(role="user", content=True), "messages[2].content", TYPE, "got a boolean"),
    (with_message(role="user", content={}), "messages[2].content", TYPE, "got an object"),
    (with_message(role="user", content=[]), "messages[2].content", "empty_array", "must not be empty"),
    (with_message(role="user", content=["a"]), "messages[2].content[0]", TYPE, "expected an object, got a string"),
    (with_message(role="user", content="x", name=3), "messages[2].name", TYPE, "expected a string"),
    (with_message(role="assistant"), "messages[2].content", MISS, "of an assistant that calls no tool"),
    (with_message(role="assistant", tool_calls=[]), "messages[2].content", MISS, "of an assistant that calls no tool"),
    (with_message(role="assistant", tool_calls={}), "messages[2].tool_calls", TYPE, "expected a list, got an object"),
    (
        with_message(role="assistant", tool_calls=[call(id=4)]),
        "messages[2].tool_calls[0].id",
        TYPE,
        "expected a string",
    ),
    (
        with_message(role="assistant", tool_calls=[{"type": "function"}]),
        "messages[2].tool_calls[0].id",
        MISS,
        "required",
    ),
    (
        with_message(role="assistant", tool_calls=[{"id": "c", "type": "function"}]),
        "messages[2].tool_calls[0].function",
        MISS,
        "required for a call of type function",
    ),
    (
        with_message(role="assistant", tool_calls=[{"id": "c", "type": "custom"}]),
        "messages[2].tool_calls[0].custom",
        MISS,
        "required for a call of type custom",
    ),
    (
        with_message(role="assistant", tool_calls=[call(function={"name": "get", "arguments": {}})]),
        "messages[2].tool_calls[0].function.arguments",
        TYPE,
        "expected a string, got an object",
    ),
    (
        with_message(role="user", content="x", tool_calls=[call()]),
        "messages[2].tool_calls",
        VALUE,
        "not allowed for role user",
    ),
    (with_message(role="tool", content="x"), "messages[2].tool_call_id", MISS, "required for role tool"),
    (with_message(role="tool", content="x", tool_call_id=""), "messages[2].tool_call_id", MISS, "required for role"),
    (with_message(role="tool", tool_call_id="c"), "messages[2].content", MISS, "required for role tool"),
    (with_message(role="function", content="x"), "messages[2].name", MISS, "required for role function"),
    (said({"text": "x"}), "messages[0].content[0].type", MISS, "required, but missing"),
    (said({"type": ""}), "messages[0].content[0].type", "empty_string", "must not be empty"),
    (said({"type": 3}), "messages[0].content[0].type", TYPE, "expected a string"),
    (said({"type": "text"}), "messages[0].content[0].text", MISS, "required for a part of type text"),
    (said({"type": "text", "text": 3}), "messages[0].content[0].text", TYPE, "expected a string, got a number"),
    (
        said({"type": "video_url", "video_url": {}}, {"type": "text", "text": []}),
        "messages[0].content[1].text",
        TYPE,
        "expected a string, got a list",
    ),
    (said({"type": "refusal"}), "messages[0].content[0].refusal", MISS, "required for a part of type refusal"),
    (said({"type": "image_url"}), "messages[0].content[0].image_url", MISS, "required for a part of type image_url"),
    (said({"type": "image_url", "image_url": 3}), "messages[0].content[0].image_url", TYPE, "a string or an object"),
    (said({"type": "image_url", "image_url": {}}), "messages[0].content[0].image_url.url", MISS, "required"),
    (
        said({"type": "image_url", "image_url": {"url": "u", "detail": "huge"}}),
        "messages[0].content[0].image_url.detail",
        VALUE,
        "must be one of auto, low, high, original, not 'huge'",
    ),
    (
        said({"type": "input_audio", "input_audio": {"format": "wav"}}),
        "messages[0].content[0].input_audio.data",
        MISS,
        "required",
    ),
    (
        said({"type": "file", "file": {"filename": "a"}}),
        "messages[0].content[0].file",
        MISS,
        "needs file_id or file_data",
    ),
    (chat(temperature=2.1), "temperature", VALUE, "temperature: must be at most 2"),
    (chat(temperature=-0.1), "temperature", VALUE, "must be at least 0"),
    (chat(temperature="1"), "temperature", TYPE, "expected a number, got a string"),
    (chat(top_p=1.5), "top_p", VALUE, "must be at most 1"),
    (chat(frequency_penalty=3), "frequency_penalty", VALUE, "must be at most 2"),
    (chat(presence_penalty=-3), "presence_penalty", VALUE, "must be at least -2"),
    (chat(n=0), "n", VALUE, "must be at least 1"),
    (chat(n=129), "n", VALUE, "must be at most 128"),
    (chat(n=1.5), "n", TYPE, "expected an integer, got a number with a decimal point"),
    (chat(n=True), "n", TYPE, "expected an integer, got a boolean"),
    (chat(max_tokens=0), "max_tokens", VALUE, "must be at least 1"),
    (chat(max_completion_tokens="10"), "max_completion_tokens", TYPE, "expected an integer, got a string"),
    (chat(seed=2**63), "seed", VALUE, "must be at most 9223372036854775807"),
    (chat(top_logprobs=21, logprobs=True), "top_logprobs", VALUE, "must be at most 20"),
    (chat(top_logprobs=2), "top_logprobs", VALUE, "only allowed when logprobs is true"),
    (chat(logprobs="yes"), "logprobs", TYPE, "got a string"),
    (chat(stop=["a"] * 5), "stop", "array_above_max_length", "at most 4 items"),
    (chat(stop=3), "stop", TYPE, "expected a string or a list of strings, got a number"),
    (chat(stop=["a", 3]), "stop[1]", TYPE, "expected a string, got a number"),
    (chat(stream="true"), "stream", TYPE, "expected true or false, got a string"),
    (chat(stream_options={}), "stream_options", VALUE, "only allowed when stream is true"),
    (chat(stream=False, stream_options={}), "stream_options", VALUE, "only allowed when stream is true"),
    (
        chat(stream=True, stream_options={"include_usage": 1}),
        "stream_options.include_usage",
        TYPE,
        "expected true or false, got a number",
    ),
    (chat(logit_bias={"50256": -101}), "logit_bias", VALUE, "logit_bias, each value: must be at least -100"),
    (chat(logit_bias={"50256": "no"}), "logit_bias", TYPE, "each value: expected a number"),
    (chat(metadata={"a": 1}), "metadata", TYPE, "metadata, each value: expected a string"),
    (chat(metadata={"a" * 65: ""}), "metadata", "string_above_max_length", "each name: must have at most 64"),
    (chat(metadata={"a": "b" * 513}), "metadata", "string_above_max_length", "each value: must have at most 512"),
    (chat(metadata={str(i): "" for i in range(17)}), "metadata", "object_above_max_length", "at most 16 entries"),
    (chat(tools={}), "tools", TYPE, "expected a list"),
    (chat(tools=[{}]), "tools[0].type", MISS, "required"),
    (chat(tools=[{"type": "function"}]), "tools[0].function", MISS, "required for a tool of type function"),
    (chat(tools=[{"type": "custom"}]), "tools[0].custom", MISS, "required for a tool of type custom"),
    (chat(tools=[function("a b")]), "tools[0].function.name", VALUE, "1 to 64 letters, digits, underscores or dashes"),
    (chat(tools=[function("a\n")]), "tools[0].function.name", VALUE, "1 to 64 letters"),
    (chat(tools=[function(), function("x" * 65)]), "tools[1].function.name", VALUE, "1 to 64 letters"),
    (chat(tools=[function(parameters=[])]), "tools[0].function.parameters", TYPE, "expected an object, got a list"),
    (chat(tools=[function()] * 129), "tools", "array_above_max_length", "at most 128 items"),
    (chat(functions=[{"name": "a b"}]), "functions[0].name", VALUE, "1 to 64 letters"),
    (chat(tool_choice="auto"), "tool_choice", VALUE, "only allowed with tools"),
    (chat(tool_choice="auto", tools=[]), "tool_choice", VALUE, "only allowed with tools"),
    (chat(parallel_tool_calls=True), "parallel_tool_calls", VALUE, "only allowed with tools"),
    (chat(function_call="auto"), "function_call", VALUE, "only allowed with functions"),
    (chat(tools=[function()], tool_choice="some"), "tool_choice", VALUE, "none, auto, required, any, not 'some'"),
    (chat(tools=[function()], tool_choice=3), "tool_choice", TYPE, '"none", "auto", "required" or an object'),
    (chat(tools=[function()], tool_choice={"type": "function"}), "tool_choice.function", MISS, "required for a choice"),
    (
        chat(tools=[function()], tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "x", "tools": []}}),
        "tool_choice.allowed_tools.mode",
        VALUE,
        "must be one of auto, required, not 'x'",
    ),
    (chat(response_format="json"), "response_format", TYPE, "expected an object, got a string"),
    (chat(response_format={"type": "json_schema"}), "response_format.json_schema", MISS, "for a format of type"),
    (
        chat(response_format={"type": "json_schema", "json_schema": {"name": "a b"}}),
        "response_format.json_schema.name",
        VALUE,
        "1 to 64 letters",
    ),
    (chat(reasoning_effort=3), "reasoning_effort", TYPE, "expected a string"),
    (chat(service_tier=[]), "service_tier", TYPE, "expected a string, got a list"),
    (chat(safety_identifier="s" * 129), "safety_identifier", "string_above_max_length", "at most 128 characters"),
    (chat(audio={"format": "wav"}), "audio.voice", MISS, "required"),
    (chat(prediction={"type": "content"}), "prediction.content", MISS, "required"),
    (chat(prediction={"type": "x", "content": ""}), "prediction.type", VALUE, "must be one of content, not 'x'"),
]

COMPLETIONS: list[tuple[bytes, str, str, str]] = [
    (body_of(COMPLETION, prompt=MISSING), "prompt", MISS, "required"),
    (body_of(COMPLETION, prompt={}), "prompt", TYPE, "a list of tokens or a list of lists of tokens, got an object"),
    (body_of(COMPLETION, prompt=[]), "prompt", "empty_array", "must not be empty"),
    (body_of(COMPLETION, prompt=["a", 1]), "prompt", TYPE, "not a mixture"),
    (body_of(COMPLETION, prompt=[-1]), "prompt[0]", VALUE, "must be at least 0"),
    (body_of(COMPLETION, logprobs=6), "logprobs", VALUE, "must be at most 5"),
    (body_of(COMPLETION, best_of=21), "best_of", VALUE, "must be at most 20"),
    (body_of(COMPLETION, n=3, best_of=2), "best_of", VALUE, "must be at least n, which is 3"),
    (body_of(COMPLETION, best_of=2, stream=True), "best_of", VALUE, "more than 1 cannot be streamed"),
    (body_of(COMPLETION, stream_options={}), "stream_options", VALUE, "only allowed when stream is true"),
    (body_of(COMPLETION, suffix=1), "suffix", TYPE, "expected a string"),
    (body_of(COMPLETION, max_tokens=-1), "max_tokens", VALUE, "must be at least 0"),
    (body_of(COMPLETION, echo="no"), "echo", TYPE, "expected true or false"),
    (body_of(COMPLETION, model="  "), "model", VALUE, "must not be blank"),
]

EMBEDDINGS: list[tuple[bytes, str, str, str]] = [
    (body_of(EMBEDDING, input=MISSING), "input", MISS, "required"),
    (body_of(EMBEDDING, input=None), "input", TYPE, "a list of strings, a list of tokens or a list of lists of tokens"),
    (body_of(EMBEDDING, input=""), "input", "empty_string", "must not be empty"),
    (body_of(EMBEDDING, input=[]), "input", "empty_array", "must not be empty"),
    (body_of(EMBEDDING, input=["a", ""]), "input[1]", "empty_string", "must not be empty"),
    (body_of(EMBEDDING, input=[[1], []]), "input[1]", "empty_array", "must not be empty"),
    (body_of(EMBEDDING, input=["a", [1]]), "input", TYPE, "not a mixture"),
    (body_of(EMBEDDING, input=[1.5]), "input[0]", TYPE, "got a number with a decimal point"),
    (body_of(EMBEDDING, input=["a"] * 2049), "input", "array_above_max_length", "at most 2048 items"),
    (body_of(EMBEDDING, dimensions=0), "dimensions", VALUE, "must be at least 1"),
    (body_of(EMBEDDING, encoding_format="int8"), "encoding_format", VALUE, "one of float, base64, not 'int8'"),
    (body_of(EMBEDDING, user=1), "user", TYPE, "expected a string"),
]

TABLE = [
    *(("chat", *row) for row in CHATS),
    *(("completion", *row) for row in COMPLETIONS),
    *(("embedding", *row) for row in EMBEDDINGS),
]


NAMES = [f"{row[0]}-{row[2]}-{number}" for number, row in enumerate(TABLE)]


@pytest.mark.parametrize(("operation", "body", "param", "code", "fragment"), TABLE, ids=NAMES)
def test_refusal_names_the_path_and_what_was_expected(
    operation: str, body: bytes, param: str, code: str, fragment: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(operation, body)
    error = refused.value
    assert (error.status, error.type, error.param, error.code) == (400, "invalid_request_error", param, code)
    assert error.message.startswith((f"{param}: ", f"{param}, each "))
    assert fragment in error.message


def test_wrong_value_of_great_length_is_not_echoed() -> None:
    body: Any = json.dumps({"model": "m", "messages": [{"role": "x" * 10_000, "content": ""}]}).encode()
    with pytest.raises(InvalidRequest) as refused:
        read("chat", body)
    assert (
        refused.value.message == "messages[0].role: must be one of system, developer, user, assistant, tool, function"
    )
