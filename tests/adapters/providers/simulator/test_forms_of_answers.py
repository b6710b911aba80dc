"""Answers that have to fit a schema, that tell how likely they are, and that come several at once."""

import json

import jsonschema
import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.adapters.providers.simulator.test_translator import answer, ask, build, chunks, said

PLACE = {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]}
SCHEMAS = [
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
    {"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 2},
    {
        "allOf": [{"$ref": "#/$defs/p"}, {"properties": {"name": {"minLength": 70, "type": "string"}}}],
        "$defs": {"p": PLACE},
    },
    {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "kind": {"enum": ["x", "y"]}},
        "required": ["next", "kind"],
    },
    {"type": "number", "minimum": 2, "maximum": 3},
]
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": PLACE}}


def formed(schema):
    return {"type": "json_schema", "json_schema": {"name": "form", "schema": schema, "strict": True}}


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_answer_fits_its_schema_whole_and_streamed(schema):
    for seed in range(5):
        made = build(seed=seed, tokens=3)
        whole = await answer(made, said("Hi", response_format=formed(schema), n=2))
        streamed = await chunks(made, said("Hi", response_format=formed(schema), stream=True))
        texts = [choice["message"]["content"] for choice in whole["choices"]]
        texts.append("".join(one["choices"][0]["delta"].get("content", "") for one in streamed if one["choices"]))
        for text in texts:
            jsonschema.validate(json.loads(text), schema)
        assert [choice["finish_reason"] for choice in whole["choices"]] == ["stop", "stop"]


async def test_json_without_a_schema_is_an_object_and_can_be_cut_short():
    whole = await answer(build(), said("Hi", response_format={"type": "json_object"}))
    assert isinstance(json.loads(whole["choices"][0]["message"]["content"]), dict)
    short = await answer(build(), said("Hi", response_format={"type": "json_object"}, max_tokens=1))
    assert (short["choices"][0]["message"]["content"], short["choices"][0]["finish_reason"]) == ('{"an', "length")


async def test_chat_tells_how_likely_each_token_is():
    found = await answer(build(tokens=6), said("Hi", logprobs=True, top_logprobs=3))
    ChatCompletion.model_validate(found)
    choice = found["choices"][0]
    told = choice["logprobs"]["content"]
    assert "".join(one["token"] for one in told) == choice["message"]["content"]
    for one in told:
        assert bytes(one["bytes"]).decode() == one["token"]
        assert one["top_logprobs"][0]["token"] == one["token"]
        values = [each["logprob"] for each in one["top_logprobs"]]
        assert len(values) == len({each["token"] for each in one["top_logprobs"]}) == 3
        assert values == sorted(values, reverse=True)
    streamed = await chunks(build(tokens=6), said("Hi", logprobs=True, top_logprobs=3, stream=True))
    for one in streamed:
        ChatCompletionChunk.model_validate(one)
    content = [one["choices"][0] for one in streamed if one["choices"] and one["choices"][0]["delta"].get("content")]
    assert [each["token"] for one in content for each in one["logprobs"]["content"]] == [
        one["delta"]["content"] for one in content
    ]
    assert (await answer(build(), said("Hi")))["choices"][0]["logprobs"] is None


@pytest.mark.parametrize("stream", [False, True])
async def test_completion_tells_where_each_token_begins(stream):
    asked = ask("completion", model="m", prompt="one", logprobs=2, stream=stream)
    made = build(tokens=5)
    found = await chunks(made, asked) if stream else [await answer(made, asked)]
    if not stream:
        Completion.model_validate(found[0])
    choices = [choice for one in found for choice in one["choices"] if choice["logprobs"]]
    text = "".join(choice["text"] for choice in choices)
    for choice in choices:
        told = choice["logprobs"]
        for token, offset, most in zip(told["tokens"], told["text_offset"], told["top_logprobs"], strict=True):
            assert text[offset : offset + len(token)] == token
            assert len(most) == 2
            assert token in most


@pytest.mark.parametrize("stream", [False, True])
async def test_several_answers_may_all_call_a_tool(stream):
    asked = said("Use weather", tools=[WEATHER], n=3, stream=stream)
    if stream:
        found = [choice for one in await chunks(build(), asked) for choice in one["choices"]]
        parts = [(one["index"], call) for one in found for call in one["delta"].get("tool_calls", ())]
        texts = ["".join(call["function"]["arguments"] for at, call in parts if at == index) for index in range(3)]
        ids = {call["id"] for _, call in parts if "id" in call}
    else:
        calls = [one["message"]["tool_calls"][0] for one in (await answer(build(), asked))["choices"]]
        texts, ids = [call["function"]["arguments"] for call in calls], {call["id"] for call in calls}
    assert len(ids) == 3
    for text in texts:
        jsonschema.validate(json.loads(text), PLACE)
