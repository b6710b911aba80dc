"""What differs between the models, and how answers are asked for; botocore checks each body."""

import json

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest
from tests.adapters.dialects.anthropic.asking import read as read_anthropic
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.bedrock.asking import (
    CLAUDE,
    LLAMA,
    NEWEST,
    NOVA,
    OLD,
    TOOL,
    USER,
    asked,
    left_out,
    written,
)

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


def test_limits_and_words_are_chosen_as_asked():
    body = asked(max_tokens=9, temperature=0.5, top_p=0.9, stop=["END", " "], model=NOVA)
    assert body["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]}
    assert left_out(stop=["END", " "]) == ["stop"]
    assert asked(temperature=2)["inferenceConfig"] == {"temperature": 1.0}
    assert left_out(temperature=2) == ["temperature"]
    assert asked(temperature=0.5, top_p=0.9)["inferenceConfig"] == {"temperature": 0.5}
    assert left_out(temperature=0.5, top_p=0.9, model=NEWEST) == ["temperature", "top_p"]
    assert "inferenceConfig" not in asked(temperature=0.5, model=NEWEST)
    assert left_out(max_tokens=10_000_000) == ["max_tokens"]


@pytest.mark.parametrize(
    ("model", "more"),
    [
        (CLAUDE, {"top_k": 7}),
        (NOVA, {"inferenceConfig": {"topK": 7}}),
        ("cohere.command-r-v1:0", {"k": 7}),
    ],
)
def test_top_k_stands_where_each_model_has_it(model, more):
    body, dropped = written(read_anthropic(top_k=7), model)
    assert body["additionalModelRequestFields"] == more
    assert dropped == []
    assert written(read_anthropic(top_k=7), LLAMA)[1] == ["top_k"]


def test_claude_is_told_how_much_to_think():
    body = asked(reasoning_effort="low")
    assert body["additionalModelRequestFields"]["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert body["inferenceConfig"]["maxTokens"] > 2048
    body = asked(reasoning_effort="high", model=NEWEST)
    assert body["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"
    assert body["outputConfig"] == {"effort": "high"}
    assert "inferenceConfig" not in body
    assert left_out(reasoning_effort="high", model=OLD) == ["reasoning_effort"]
    assert left_out(reasoning_effort="high", tools=[TOOL], tool_choice="required") == ["reasoning_effort"]
    chat = read_anthropic(max_tokens=4000, thinking={"type": "enabled", "budget_tokens": 1500})
    assert written(chat)[0]["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 1500


def test_others_are_told_in_their_words():
    assert asked(reasoning_effort="minimal", model="openai.gpt-oss-120b-1:0")["additionalModelRequestFields"] == {
        "reasoning_effort": "low"
    }
    nova = "us.amazon.nova-2-lite-v1:0"
    told = asked(reasoning_effort="high", model=nova)["additionalModelRequestFields"]["reasoningConfig"]
    assert told == {"type": "enabled", "maxReasoningEffort": "high"}
    told = asked(reasoning_effort="high", max_tokens=9, model=nova)["additionalModelRequestFields"]["reasoningConfig"]
    assert told["maxReasoningEffort"] == "medium"
    assert asked(reasoning_effort="none", model=nova)["additionalModelRequestFields"]["reasoningConfig"] == {
        "type": "disabled"
    }
    assert left_out(reasoning_effort="high", model=LLAMA) == ["reasoning_effort"]


def test_name_of_the_caller_tells_whose_an_inference_profile_is():
    chat = read(model="claude-sonnet-4-5", reasoning_effort="low")
    profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2"
    body, _ = written(msgspec.structs.replace(chat, model="claude-sonnet-4-5"), profile)
    assert body["additionalModelRequestFields"]["thinking"]["type"] == "enabled"


def test_answer_by_a_schema():
    form = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA, "strict": True}}
    told = asked(response_format=form)["outputConfig"]["textFormat"]
    schema = told["structure"]["jsonSchema"]
    assert (told["type"], schema["name"]) == ("json_schema", "s")
    assert json.loads(schema["schema"]) == {**SCHEMA, "additionalProperties": False}
    for model in (OLD, NOVA, LLAMA):
        with pytest.raises(InvalidRequest, match="json_schema"):
            asked(response_format=form, model=model)
    unknown = asked(response_format=form, model="qwen.qwen3-32b-v1:0")["outputConfig"]["textFormat"]
    assert json.loads(unknown["structure"]["jsonSchema"]["schema"]) == SCHEMA
    assert "JSON" in asked(response_format={"type": "json_object"})["system"][0]["text"]


def test_begun_answer_is_gone_on_with_only_where_the_model_can():
    begun = {"role": "assistant", "content": "Once  "}
    assert asked(USER, begun)["messages"][-1] == {"role": "assistant", "content": [{"text": "Once"}]}
    for model in (NEWEST, LLAMA):
        assert asked(USER, begun, model=model)["messages"][-1]["role"] == "user"


def test_fields_of_converses_own_pass():
    guard = {"guardrailIdentifier": "abc1", "guardrailVersion": "1"}
    body = asked(
        guardrailConfig=guard,
        performanceConfig={"latency": "optimized"},
        additionalModelRequestFields={"anthropic_beta": ["x"]},
        metadata={"team": "a b"},
        service_tier="flex",
    )
    assert body["guardrailConfig"] == guard
    assert body["performanceConfig"] == {"latency": "optimized"}
    assert body["additionalModelRequestFields"] == {"anthropic_beta": ["x"]}
    assert body["requestMetadata"] == {"team": "a b"}
    assert body["serviceTier"] == {"type": "flex"}
    with pytest.raises(InvalidRequest, match="guardrailConfig"):
        asked(guardrailConfig="abc")


def test_fields_of_anthropics_own_reach_claude_alone():
    chat = read_anthropic(context_management={"edits": []})
    assert written(chat)[0]["additionalModelRequestFields"] == {"context_management": {"edits": []}}
    assert written(chat, LLAMA)[1] == ["context_management"]


def test_features_of_claudes_that_bedrock_knows_reach_claude_alone():
    known = ("context-1m-2025-08-07", "interleaved-thinking-2025-05-14")
    chat = msgspec.structs.replace(read_anthropic(), betas=("claude-code-20250219", *known))
    assert written(chat)[0]["additionalModelRequestFields"] == {"anthropic_beta": list(known)}
    body, dropped = written(chat, LLAMA)
    assert "additionalModelRequestFields" not in body
    assert dropped == []


def test_hints_are_dropped_and_what_is_meant_is_refused():
    given = {"seed": 1, "user": "u", "frequency_penalty": 1, "logit_bias": {"1": 1}, "service_tier": "scale", "foo": 1}
    assert set(left_out(**given)) == {*given}
    assert left_out(metadata={"a": "ü"}) == ["metadata"]
    for name, value in (("n", 2), ("logprobs", True), ("modalities", ["text", "audio"])):
        with pytest.raises(InvalidRequest):
            asked(**{name: value})
    with pytest.raises(InvalidRequest, match="seed"):
        written(read(seed=1), strict=True)
