"""Requests of Google's clients: what is taken, what is refused, and which texts are read."""

import json

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.schemas import texts_of
from sluicegate.pipeline.schemas.generate_names import completed
from sluicegate.stages import validate

ASK = {"contents": [{"parts": [{"text": "Hello"}]}]}


def typed(body: dict, *, strict: bool = False):
    return validate.read("generate", completed(json.dumps(body).encode(), "m", stream=False), strict=strict)[1]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": [{"role": "assistant", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"functionCall": {"name": "f"}}]}]}, "contents[0].parts[0].functionCall"),
        (
            {"contents": [{"role": "model", "parts": [{"functionResponse": {"name": "f"}}]}]},
            "contents[0].parts[0].functionResponse",
        ),
        ({**ASK, "generationConfig": {"temperature": 3}}, "generationConfig.temperature"),
        ({**ASK, "generation_config": {"top_p": 2}}, "generationConfig.topP"),
        ({**ASK, "generationConfig": {"logprobs": 2}}, "generationConfig.logprobs"),
        ({**ASK, "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
    ],
)
def test_wrong_request_is_refused_with_its_place(body, param):
    with pytest.raises(InvalidRequest) as caught:
        typed(body)
    assert caught.value.param == param


def test_strict_refuses_what_is_not_documented_at_any_depth():
    assert typed({**ASK, "system_instruction": {"parts": [{"text": "x", "thought": False}]}}, strict=True)
    with pytest.raises(InvalidRequest, match="did you mean 'inlineData'"):
        typed({"contents": [{"parts": [{"inlineDate": {}}]}]}, strict=True)


def test_every_text_that_reaches_a_model_is_read():
    part = {"functionResponse": {"name": "f", "response": {"k1": ["t1"]}}}
    body = {
        "contents": [
            {"parts": [{"text": "t2"}, part, {"inlineData": {"mimeType": "a/b", "data": "no", "displayName": "t3"}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"k2": {"k3": "t4"}}}}]},
            {"role": "model", "parts": [{"executableCode": {"code": "t5"}}, {"codeExecutionResult": {"output": "t6"}}]},
        ],
        "systemInstruction": {"parts": [{"text": "t7"}]},
        "tools": [{"functionDeclarations": [{"name": "g", "description": "t8", "parameters": {"k4": "t9"}}]}],
        "generationConfig": {"responseSchema": {"k5": "u1"}, "responseJsonSchema": None},
        "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["u2"]}},
    }
    texts = [text for _, text in texts_of(typed(body))]
    assert {f"t{n}" for n in range(1, 10)} | {f"k{n}" for n in range(1, 6)} | {"u1", "u2", "f", "g"} <= set(texts)
    assert "no" not in texts


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"}"', b'{"a":"}', b'{"a":1}}', b'{"a":1,}', b"{,}", b'{"top_p":']
)
def test_what_is_no_object_is_not_made_one(body):
    with pytest.raises(InvalidRequest):
        validate.read("generate", completed(body, "m", stream=True))


def test_path_counts_and_not_the_body():
    body = msgspec.json.decode(completed(b'{"model":"x","stream":true} ', "m", stream=False))
    assert body == {"model": "m", "stream": False}
    assert completed(b" { } ", 'a"b', stream=True) == b' { "model":"a\\"b","stream":true}'


def test_names_of_the_caller_and_numbers_keep_their_spelling():
    body = b'{"top_p":0.50,"contents":[{"parts":[{"function_call":{"name":"f","args":{"top_p":1.50}}}]}]}'
    found = completed(body, "m", stream=False)
    assert b'"topP":0.50' in found
    assert b'"functionCall":{"name":"f","args":{"top_p":1.50}}' in found
