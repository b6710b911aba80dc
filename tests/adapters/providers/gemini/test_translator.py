"""The translator for Google AI Studio: addresses, headers, settings, and both dialects' words for what comes back."""

import msgspec
import pytest

from sluicegate.adapters.providers.gemini import GeminiSettings
from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.errors import InvalidRequest, NotFound, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.gemini.asking import KEY, TARGET, TOOL, check, gemini
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})


@pytest.mark.parametrize(
    ("settings", "root"),
    [
        ({}, "https://generativelanguage.googleapis.com/v1beta"),
        ({"api_version": "v1alpha"}, "https://generativelanguage.googleapis.com/v1alpha"),
        ({"base_url": "http://127.0.0.1:9/"}, "http://127.0.0.1:9/v1beta"),
        ({"base_url": "http://127.0.0.1:9/x/v1"}, "http://127.0.0.1:9/x/v1"),
        ({"base_url": ""}, "https://generativelanguage.googleapis.com/v1beta"),
    ],
)
def test_address_is_below_a_version(settings, root):
    translator = gemini(**settings)
    assert translator.encode(ask(), TARGET).url == root + "/models/gemini-2.5-flash:generateContent"
    streamed = translator.encode(ask(stream=True), TARGET).url
    assert streamed == root + "/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(("model", "path"), [("models/m", "/models/m:"), ("tunedModels/t-1", "/tunedModels/t-1:")])
def test_resources_of_other_kinds_are_named_in_full(model, path):
    assert path in gemini().encode(ask(), Target("google", model)).url


@pytest.mark.parametrize("model", ["../x", "a/../../b", "a?b", "a#b", "a:b", "a%2fb", "", "/a", "a/", "ä", "a\n"])
def test_model_never_leads_out_of_its_path(model):
    with pytest.raises(NotFound) as caught:
        gemini().encode(ask(), Target("google", model))
    assert caught.value.code == "model_not_found"


def test_key_is_in_a_header_and_not_in_the_url():
    request = gemini().encode(ask(), TARGET)
    assert dict(request.headers)["x-goog-api-key"] == KEY
    assert KEY not in request.url
    assert "authorization" not in dict(request.headers)


def test_configured_headers_win_and_streams_are_not_compressed():
    translator = gemini(headers={"X-Goog-Api-Key": "other", "x-extra": "1"})
    plain = dict(translator.encode(ask(), TARGET).headers)
    stream = dict(translator.encode(ask(stream=True), TARGET).headers)
    assert (plain["x-goog-api-key"], plain["x-extra"]) == ("other", "1")
    assert "accept-encoding" not in plain
    assert (stream["accept"], stream["accept-encoding"]) == ("text/event-stream", "identity")


def test_safety_is_sent():
    translator = gemini(safety={"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"})
    body = msgspec.json.decode(translator.encode(ask(), TARGET).body)
    check(body)
    assert body["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}]


@pytest.mark.parametrize("safety", [{"HARASSMENT": "OFF"}, {"HARM_CATEGORY_HARASSMENT": "NEVER"}])
def test_wrong_safety_is_a_mistake_of_the_configuration(safety):
    with pytest.raises(ConfigError, match="safety"):
        convert(GeminiSettings, {"type": "gemini", "safety": safety})


def test_what_was_left_out_is_noted_on_the_exchange():
    exchange = ask(user="u", logit_bias={"1": 1})
    gemini().encode(exchange, TARGET)
    assert exchange.notes["dropped"] == "logit_bias, user"
    with pytest.raises(InvalidRequest, match="provider 'google' has no logit_bias"):
        gemini(strict=True).encode(ask(logit_bias={"1": 1}), TARGET)


def test_older_completions_are_no_chat():
    with pytest.raises(InvalidRequest) as caught:
        gemini().encode(ask("completion", model="m", prompt="p"), TARGET)
    assert caught.value.code == "unsupported_endpoint"


def test_answer_leaves_in_the_callers_dialect():
    exchange = ask(tools=[TOOL])
    body = {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"text": "plan", "thought": True},
                        {"functionCall": {"name": "get", "args": {"c": "Köln"}}, "thoughtSignature": "c2ln"},
                    ]
                },
                "finishReason": "STOP",
            }
        ],
        "responseId": "r1",
    }
    reply, usage = gemini().decode(exchange, JSON, msgspec.json.encode(body))
    (choice,) = msgspec.json.decode(reply.body)["choices"]
    assert usage is None
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["reasoning_content"] == "plan"
    assert choice["message"]["tool_calls"] == [
        {
            "id": "call_r1_0_0",
            "type": "function",
            "function": {"name": "get", "arguments": '{"c":"Köln"}'},
            "extra_content": {"google": {"thought_signature": "c2ln"}},
        }
    ]


def test_half_a_character_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="not valid JSON"):
        gemini().decode(ask(), JSON, b'{"candidates":[{"content":{"parts":[{"text":"\xff"}]}}]}')


def test_models_are_those_that_are_mapped():
    assert gemini(model_mapping={"fast": "gemini-2.5-flash"}).models() == ("fast",)
    assert gemini().transport() is None
