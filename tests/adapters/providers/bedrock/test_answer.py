"""Whole answers of Bedrock, beside what botocore reads in them."""

import msgspec
import pytest
from botocore.parsers import create_parser

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.form.blocks import ToolCall
from sluicegate.pipeline.reply import Usage
from tests.adapters.dialects.anthropic.asking import read as read_anthropic
from tests.adapters.dialects.openai.asking import read
from tests.adapters.providers.bedrock.asking import CLAUDE, CONVERSE, bedrock, written
from tests.adapters.providers.bedrock.examples import (
    EVENTS,
    JSON,
    START,
    USAGE,
    WHOLE,
)
from tests.adapters.providers.bedrock.frames import message
from tests.conformance.provider_sample import ask


def replied(**changes: object) -> tuple[dict, Usage | None]:
    reply, usage = bedrock().decode(ask(), JSON, msgspec.json.encode({**WHOLE, **changes}))
    return msgspec.json.decode(reply.body), usage


def test_example_is_of_botocores_model():
    parser = create_parser("rest-json")
    given = {"body": msgspec.json.encode(WHOLE), "status_code": 200, "headers": {}}
    parsed = parser.parse(given, CONVERSE.output_shape)
    assert [next(iter(one)) for one in parsed["output"]["message"]["content"]] == [
        "reasoningContent",
        "reasoningContent",
        "text",
        "citationsContent",
        "toolUse",
    ]


def test_answer_is_as_openai_has_it():
    body, usage = replied()
    (choice,) = body["choices"]
    said = choice["message"]
    assert said["content"] == "HiIt rains"
    assert said["reasoning_content"] == "hm"
    assert said["annotations"][0]["url_citation"]["url"] == "https://w.test"
    assert said["tool_calls"][0]["id"] == "tooluse_2"
    assert choice["finish_reason"] == "tool_calls"
    assert usage == USAGE
    assert body["usage"]["prompt_tokens_details"]["cached_tokens"] == 2


def test_thoughts_go_back_from_openais_callers_as_they_came():
    said = replied()[0]["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": "tooluse_2", "content": "4C"}
    body, _ = written(read({"role": "user", "content": "x"}, said, result), CLAUDE)
    assert body["messages"][1]["content"][:2] == WHOLE["output"]["message"]["content"][:2]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_model_output", "stop"),
        ("something_new", "stop"),
    ],
)
def test_reasons(reason, finish):
    said = {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}
    assert replied(output=said, stopReason=reason)[0]["choices"][0]["finish_reason"] == finish


def test_answer_that_the_model_failed_to_write_is_an_error():
    nothing = {"message": {"role": "assistant", "content": []}}
    with pytest.raises(UpstreamError, match="malformed_tool_use"):
        replied(output=nothing, stopReason="malformed_tool_use")
    decoder = bedrock().events(read(), EVENTS)
    decoder.feed(message("messageStop", {"stopReason": "malformed_tool_use"}))
    with pytest.raises(UpstreamError, match="malformed_tool_use"):
        decoder.finish()


@pytest.mark.parametrize(
    "content",
    [
        [{"toolUse": {"toolUseId": "", "name": "f", "input": {}}}],
        [{"toolUse": {"toolUseId": "a", "name": "", "input": {}}}],
        [{"toolUse": {"toolUseId": "a", "name": "f", "input": "text"}}],
        [{"toolUse": {"toolUseId": "a", "name": "f"}}, {"toolUse": {"toolUseId": "a", "name": "f"}}],
        [{"text": 1}],
        None,
    ],
)
def test_answer_that_makes_no_sense_is_an_upstream_error(content):
    with pytest.raises(UpstreamError, match="'aws'"):
        replied(output={"message": {"role": "assistant", "content": content}})


def test_what_is_kept_for_an_hour_is_told_apart():
    details = [{"ttl": "5m", "inputTokens": 2}, {"ttl": "1h", "inputTokens": 5}, None, {"ttl": "1h"}]
    usage = {"inputTokens": 10, "outputTokens": 5, "cacheWriteInputTokens": 7, "cacheDetails": details}
    assert replied(usage=usage)[1] == Usage(input=17, output=5, cache_write=7, cache_write_1h=5)


@pytest.mark.parametrize("usage", [None, [], {}, {"inputTokens": -1}, {"inputTokens": 1e300, "outputTokens": "x"}])
def test_absurd_counts_are_none(usage):
    assert replied(usage=usage)[1] is None


def test_long_name_comes_back_long():
    name = "mcp__" + "x" * 90
    chat = read_anthropic(tools=[{"name": name, "input_schema": {"type": "object"}}])
    short = written(chat)[0]["toolConfig"]["tools"][0]["toolSpec"]["name"]
    use = {"toolUse": {"toolUseId": "a", "name": short, "input": {}}}
    said = {**WHOLE, "output": {"message": {"role": "assistant", "content": [use]}}}
    answer = bedrock().answer(chat, JSON, msgspec.json.encode(said))
    assert answer.choices[0].blocks == (ToolCall("a", name, "{}"),)
    decoder = bedrock().events(chat, EVENTS)
    begun = decoder.feed(
        message(START, {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "a", "name": short}}})
    )
    assert begun[-1].name == name
