"""Tokens that Bedrock counts: for callers of Anthropic's API and of Gemini's, judged by AWS's own model."""

import msgspec
import pytest
from botocore.serialize import create_serializer
from botocore.validate import validate_parameters

from sluicegate.pipeline.errors import UnsupportedEndpoint, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Plan, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.testing import request
from tests.adapters.providers.bedrock.asking import CLAUDE, LLAMA, SERVICE, bedrock, native

COUNT = SERVICE.operation_model("CountTokens")
JSON = UpstreamHead(200, {"content-type": "application/json"})
TOOL = {"name": "get", "input_schema": {"type": "object"}}
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
PARTS = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def counting(operation: str, **fields: object) -> Exchange:
    return Exchange(request(operation, **{"model": "ours", **fields}), 600.0, 0.0)


def asked(exchange: Exchange, model: str = CLAUDE) -> dict:
    """Return what is counted, checked by botocore, which writes the same."""
    sent = bedrock(strict=True).encode(exchange, Target("aws", model))
    body = msgspec.json.decode(sent.body)
    shape = COUNT.input_shape
    given = {"modelId": model, "input": native(shape.members["input"], body["input"])}
    validate_parameters(given, shape)
    made = create_serializer("rest-json").serialize_to_request(given, COUNT)
    assert msgspec.json.decode(made["body"]) == body
    assert sent.url.endswith(made["url_path"])
    return body["input"]["converse"]


def test_callers_of_both_apis_have_a_conversation_counted():
    found = asked(counting("count_tokens", **HELLO, system="Be brief", tools=[TOOL]))
    assert found["messages"] == [{"role": "user", "content": [{"text": "Hello"}]}]
    assert found["system"] == [{"text": "Be brief"}]
    assert found["toolConfig"]["tools"][0]["toolSpec"]["name"] == "get"
    assert asked(counting("count_generate", **PARTS)) == {"messages": found["messages"]}


def test_what_is_no_part_of_a_prompt_is_not_counted():
    exchange = counting("count_tokens", **HELLO, thinking={"type": "enabled", "budget_tokens": 2048})
    assert asked(exchange).keys() == {"messages", "additionalModelRequestFields"}


@pytest.mark.parametrize(
    ("operation", "fields", "reply"),
    [("count_tokens", HELLO, {"input_tokens": 12}), ("count_generate", PARTS, {"totalTokens": 12})],
)
def test_number_is_called_as_the_caller_knows_it(operation, fields, reply):
    told, usage = bedrock().decode(counting(operation, **fields), JSON, b'{"inputTokens":12}')
    assert (msgspec.json.decode(told.body), usage) == (reply, None)


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"inputTokens":-1}', b'{"inputTokens":9e99}'])
def test_count_that_is_none_is_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'aws'"):
        bedrock().decode(counting("count_tokens", **HELLO), JSON, body)


def test_only_models_that_are_known_to_count_are_asked():
    exchange = counting("count_tokens", **HELLO)
    exchange.plan = Plan((Target("aws", CLAUDE), Target("other", LLAMA)))
    assert bedrock().counts_tokens(exchange)
    exchange.plan = Plan((Target("aws", CLAUDE), Target("aws", LLAMA)))
    assert not bedrock().counts_tokens(exchange)


def test_model_that_does_not_count_is_no_fault_of_anybodys():
    told = b'{"message":"The provided model doesn\'t support counting tokens."}'
    error = bedrock().error(UpstreamHead(400, {"x-amzn-errortype": "ValidationException"}), told)
    assert isinstance(error, UnsupportedEndpoint)
    assert "'aws'" in error.message
