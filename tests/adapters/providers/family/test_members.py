"""What each member of the family is sent: its own names, what is left out with a note, and what is refused."""

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Target
from tests.adapters.providers.family.wires import TYPES, build
from tests.conformance.provider_sample import KEY, ask

TARGET = Target("upstream", "their-model")
NAMES = sorted(TYPES)


def sent(type_: str, exchange=None, /, *, settings=None, **fields) -> dict:
    exchange = exchange or ask(**fields)
    return msgspec.json.decode(build(type_, **(settings or {})).encode(exchange, TARGET).body)


@pytest.mark.parametrize(
    ("type_", "url"),
    [
        ("groq", "https://api.groq.com/openai/v1/chat/completions"),
        ("mistral", "https://api.mistral.ai/v1/chat/completions"),
        ("openrouter", "https://openrouter.ai/api/v1/chat/completions"),
        ("perplexity", "https://api.perplexity.ai/chat/completions"),
        ("together", "https://api.together.xyz/v1/chat/completions"),
    ],
)
def test_each_has_its_place(type_, url):
    assert build(type_).encode(ask(), TARGET).url == url


@pytest.mark.parametrize("type_", [name for name in NAMES if name != "azure"])
def test_base_url_overrides_the_place(type_):
    request = build(type_, base_url="http://127.0.0.1:9/x/").encode(ask(), TARGET)
    assert request.url == "http://127.0.0.1:9/x/chat/completions"


@pytest.mark.parametrize("type_", [name for name in NAMES if name != "azure"])
def test_key_goes_as_bearer(type_):
    assert ("authorization", f"Bearer {KEY}") in build(type_).encode(ask(), TARGET).headers


@pytest.mark.parametrize("type_", ["groq", "mistral", "perplexity"])
def test_operation_that_a_provider_lacks_is_refused_by_name(type_):
    with pytest.raises(InvalidRequest, match="'upstream' has no operation 'completion'") as caught:
        build(type_).encode(ask("completion", model="m", prompt="p"), TARGET)
    assert caught.value.code == "unsupported_endpoint"


@pytest.mark.parametrize(
    ("type_", "fields", "expected"),
    [
        ("groq", {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ("groq", {"n": 1}, {}),
        ("groq", {"logprobs": False}, {}),
        (
            "groq",
            {"reasoning_effort": "minimal", "service_tier": "default"},
            {"reasoning_effort": "low", "service_tier": "on_demand", "reasoning_format": "parsed"},
        ),
        (
            "groq",
            {"reasoning_effort": "xhigh", "include_reasoning": False},
            {"reasoning_effort": "high", "include_reasoning": False},
        ),
        ("groq", {"search_settings": {"country": "x"}}, {"search_settings": {"country": "x"}}),
        ("mistral", {"seed": 7, "max_completion_tokens": 5}, {"random_seed": 7, "max_tokens": 5}),
        ("mistral", {"tool_choice": "required"}, {"tool_choice": "any"}),
        (
            "mistral",
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        ),
        ("mistral", {"safe_prompt": True, "n": 2}, {"safe_prompt": True, "n": 2}),
        ("mistral", {"max_tokens": 3, "max_completion_tokens": 5}, {"max_tokens": 3}),
        ("together", {"stop": "x", "max_completion_tokens": 5}, {"stop": ["x"], "max_tokens": 5}),
        ("together", {"stop": ["x"]}, {"stop": ["x"]}),
        ("together", {"logprobs": True, "top_logprobs": 3}, {"logprobs": 3}),
        ("together", {"logprobs": True}, {"logprobs": 1}),
        ("together", {"logprobs": True, "top_logprobs": 0}, {"logprobs": 1}),
        ("together", {"logprobs": False}, {}),
        ("together", {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}),
        ("together", {"reasoning_effort": "max"}, {"reasoning_effort": "high"}),
        ("together", {"top_k": 5, "min_p": 0.5}, {"top_k": 5, "min_p": 0.5}),
        ("openrouter", {"provider": {"order": ["x"]}, "n": 1}, {"provider": {"order": ["x"]}}),
        (
            "openrouter",
            {"reasoning": {"max_tokens": 9}, "reasoning_effort": "low"},
            {"reasoning": {"max_tokens": 9}},
        ),
        (
            "perplexity",
            {"response_format": {"type": "json_object"}},
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}},
        ),
        (
            "perplexity",
            {"web_search_options": {"user_location": {"type": "approximate", "approximate": {"country": "DE"}}}},
            {"web_search_options": {"user_location": {"country": "DE"}}},
        ),
        ("perplexity", {"max_completion_tokens": 5, "return_images": True}, {"max_tokens": 5, "return_images": True}),
        ("perplexity", {"tool_choice": "auto"}, {}),
    ],
)
def test_field_is_sent_by_the_providers_own_name(type_, fields, expected):
    exchange = ask(**fields)
    got = sent(type_, exchange)
    assert {name: value for name, value in got.items() if name not in ("model", "messages")} == expected
    assert "dropped" not in exchange.notes


@pytest.mark.parametrize(
    ("type_", "fields", "names"),
    [
        ("groq", {"logit_bias": {"1": 1}, "store": True}, "logit_bias, store"),
        ("groq", {"service_tier": "scale"}, "service_tier"),
        ("groq", {"frequency_penalty": 1.0}, "frequency_penalty"),
        ("mistral", {"user": "u", "verbosity": "low", "unheard_of": 1}, "unheard_of, user, verbosity"),
        ("mistral", {"service_tier": "auto"}, "service_tier"),
        ("together", {"parallel_tool_calls": True, "user": "u"}, "parallel_tool_calls, user"),
        ("openrouter", {"store": True}, "store"),
        ("perplexity", {"seed": 1, "metadata": {"a": "b"}}, "metadata, seed"),
        ("perplexity", {"reasoning_effort": "none"}, "reasoning_effort"),
        ("custom", {}, ""),
    ],
)
def test_hint_that_a_provider_lacks_is_left_out_with_a_note_or_refused(type_, fields, names):
    exchange = ask(**fields)
    got = sent(type_, exchange)
    assert not got.keys() & fields.keys()
    assert exchange.notes.get("dropped", "") == names
    if names:
        with pytest.raises(InvalidRequest, match="provider 'upstream' has no") as caught:
            sent(type_, settings={"strict": True}, **fields)
        assert caught.value.code == "unsupported_parameter"


@pytest.mark.parametrize("type_", ["groq", "mistral", "perplexity", "together"])
def test_hint_that_says_nothing_is_left_out_without_a_note(type_):
    got = sent(type_, store=False, safety_identifier="", prediction=None, settings={"strict": True})
    assert not got.keys() & {"store", "safety_identifier"}


def test_note_is_of_this_target_and_not_of_the_one_before():
    exchange = ask(user="u")
    sent("mistral", exchange)
    assert exchange.notes["dropped"] == "user"
    sent("groq", exchange)
    assert "dropped" not in exchange.notes


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
CUSTOM_TOOL = [{"type": "custom", "custom": {"name": "f"}}]
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}


@pytest.mark.parametrize(
    ("type_", "fields", "name"),
    [
        ("groq", {"n": 2}, "n"),
        ("groq", {"logprobs": True}, "logprobs"),
        ("groq", {"tools": CUSTOM_TOOL}, "tools.custom"),
        ("mistral", {"tools": TOOLS, "tool_choice": ALLOWED}, "tool_choice.allowed_tools"),
        ("mistral", {"functions": [{"name": "f"}]}, "functions"),
        ("together", {"tools": CUSTOM_TOOL}, "tools.custom"),
        ("openrouter", {"n": 3}, "n"),
        ("perplexity", {"tools": TOOLS}, "tools"),
        ("perplexity", {"top_logprobs": 2}, "top_logprobs"),
        ("perplexity", {"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
    ],
)
def test_what_changes_the_meaning_is_refused_and_never_left_out(type_, fields, name):
    with pytest.raises(InvalidRequest) as caught:
        sent(type_, **fields)
    assert caught.value.message == f"provider 'upstream' has no {name}"
    assert (caught.value.param, caught.value.code) == (name, "unsupported_parameter")


def test_tools_reach_perplexity_where_the_settings_say_so():
    assert sent("perplexity", settings={"tools": True}, tools=TOOLS)["tools"] == TOOLS


def test_streams_ask_for_usage_only_where_that_is_known():
    for type_ in ("groq", "openrouter", "together", "custom", "azure"):
        assert sent(type_, stream=True)["stream_options"] == {"include_usage": True}
    for type_ in ("mistral", "perplexity"):
        assert "stream_options" not in sent(type_, stream=True)


def test_openrouter_is_told_who_asks():
    settings = {"app_url": "https://app.example", "app_title": "App"}
    headers = dict(build("openrouter", **settings).encode(ask(), TARGET).headers)
    assert headers["http-referer"] == "https://app.example"
    assert headers["x-openrouter-title"] == "App"
    assert "http-referer" not in dict(build("openrouter").encode(ask(), TARGET).headers)


def test_openrouter_refuses_a_title_that_no_header_can_hold():
    with pytest.raises(ValueError, match="app_title has a character"):
        build("openrouter", app_title="a\nb")


def test_numbers_keep_their_spelling():
    exchange = ask()
    exchange.request.fields["temperature"] = msgspec.Raw(b"1.0e0")
    for type_ in NAMES:
        assert b'"temperature":1.0e0' in build(type_).encode(exchange, TARGET).body


@pytest.mark.parametrize(
    ("type_", "fields", "expected"),
    [
        ("mistral", {"dimensions": 5, "user": "u"}, {"output_dimension": 5}),
        ("together", {"dimensions": 5, "encoding_format": "base64"}, {}),
        ("groq", {"encoding_format": "base64"}, {}),
        ("perplexity", {"encoding_format": "float", "dimensions": 9}, {"dimensions": 9}),
        ("custom", {"encoding_format": "base64", "user": "u"}, {"user": "u"}),
        ("azure", {"encoding_format": "base64"}, {"encoding_format": "base64"}),
    ],
)
def test_embeddings_are_asked_for_as_the_provider_has_them(type_, fields, expected):
    got = sent(type_, ask("embedding", model="m", input="i", **fields))
    assert got == {"model": "their-model", "input": "i", **expected}
