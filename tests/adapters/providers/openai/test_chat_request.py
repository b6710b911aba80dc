"""What callers of other dialects ask, as a request of OpenAI's API."""

import msgspec
import pytest
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.form.blocks import CacheMark, Text, Turn
from sluicegate.pipeline.form.chat import Chat, Format, Reasoning, Tool, ToolChoice
from sluicegate.pipeline.form.sides import Dropped
from tests.adapters.providers.openai.asked import USER, chat, chats, sent

OFFICIAL = TypeAdapter(completion_create_params.CompletionCreateParams)
FIND = Tool("find", "d", {"type": "object", "properties": {"q": {"type": "string"}}}, True)
LOOK = Tool("look")
FIND_JSON = {
    "type": "function",
    "function": {"name": "find", "description": "d", "parameters": FIND.parameters, "strict": True},
}
LOOK_JSON = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
LEAST = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def test_least_request_is_a_model_and_a_message():
    assert sent(chat()) == (LEAST, [])


def test_request_goes_where_chats_go():
    request = chats().ask(chat(stream=True), Target("p", "m"), Dropped("p", strict=False))
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:9/v1/chat/completions")
    assert dict(request.headers)["accept"] == "text/event-stream"


def test_stream_is_always_asked_for_its_tokens():
    body, _ = sent(chat(stream=True, usage_wanted=False))
    assert body == {**LEAST, "stream": True, "stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"temperature": 0.5, "top_p": 0.1, "top_k": 5}, {"temperature": 0.5, "top_p": 0.1, "top_k": 5}),
        ({"frequency_penalty": 1.0, "presence_penalty": 0.0}, {"frequency_penalty": 1.0, "presence_penalty": 0.0}),
        ({"seed": 0, "n": 2}, {"seed": 0, "n": 2}),
        ({"stop": ("a", "b", "c", "d", "e")}, {"stop": ["a", "b", "c", "d", "e"]}),
        ({"logprobs": True, "top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"logit_bias": {"7": -1.0}}, {"logit_bias": {"7": -1.0}}),
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"user": "u", "metadata": {"k": "v"}}, {"user": "u", "metadata": {"k": "v"}}),
        ({"service_tier": "standard_only"}, {"service_tier": "default"}),
        ({"format": Format("json")}, {"response_format": {"type": "json_object"}}),
        (
            {"format": Format("schema", schema={"type": "object"})},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object"}},
                }
            },
        ),
        ({"reasoning": Reasoning(enabled=True, effort="xhigh")}, {"reasoning_effort": "xhigh"}),
        ({"reasoning": Reasoning(enabled=True, budget=1024)}, {"reasoning_effort": "low"}),
        ({"reasoning": Reasoning(enabled=True, budget=8000)}, {"reasoning_effort": "medium"}),
        ({"reasoning": Reasoning(enabled=True, budget=31_999)}, {"reasoning_effort": "high"}),
        ({"reasoning": Reasoning(enabled=True, shown=True)}, {}),
        ({"tools": (FIND, LOOK)}, {"tools": [FIND_JSON, LOOK_JSON]}),
        (
            {"tools": (FIND,), "choice": ToolChoice("required"), "parallel_calls": False},
            {"tools": [FIND_JSON], "tool_choice": "required", "parallel_tool_calls": False},
        ),
        (
            {"tools": (FIND,), "choice": ToolChoice("one", "find")},
            {"tools": [FIND_JSON], "tool_choice": {"type": "function", "function": {"name": "find"}}},
        ),
        (
            {"tools": (FIND, LOOK), "choice": ToolChoice("auto", allowed=("look",))},
            {"tools": [LOOK_JSON], "tool_choice": "auto"},
        ),
        ({"choice": ToolChoice("auto"), "parallel_calls": True}, {}),
    ],
)
def test_option_has_its_field(fields, expected):
    body, dropped = sent(chat(**fields))
    assert body == {**LEAST, **expected}
    assert dropped == []
    OFFICIAL.validate_python(body)


@pytest.mark.parametrize(
    ("fields", "model", "expected", "left_out"),
    [
        ({"max_tokens": 9}, "gpt-4o", {"max_completion_tokens": 9}, []),
        ({"top_k": 5, "temperature": 0.5}, "gpt-4o", {"temperature": 0.5}, ["top_k"]),
        ({"temperature": 0.5, "top_p": 1.0}, "gpt-5.1", {"top_p": 1.0}, ["temperature"]),
        ({"reasoning": Reasoning(enabled=True, effort="low")}, "gpt-5", {"reasoning_effort": "low"}, []),
        ({"reasoning": Reasoning(enabled=True, effort="low")}, "gpt-4o", {}, ["reasoning"]),
        ({"reasoning": Reasoning(enabled=False)}, "gpt-5", {}, ["reasoning"]),
        ({"reasoning": Reasoning(enabled=False)}, "gpt-4o", {}, []),
    ],
)
def test_openai_itself_is_told_what_its_models_take(fields, model, expected, left_out):
    body, dropped = sent(chat(**fields), itself=True, model=model)
    assert body == {**LEAST, "model": model, **expected}
    assert dropped == left_out


def test_too_many_stop_texts_for_openai_are_refused():
    with pytest.raises(InvalidRequest, match="provider 'p' has no room for more than 4 stop texts") as caught:
        sent(chat(stop=("a", "b", "c", "d", "e")), itself=True)
    assert (caught.value.param, caught.value.code) == ("stop", "unsupported_parameter")


def test_long_name_of_a_user_stays_a_name_of_that_user():
    first, again, other = (sent(chat(user=name * 65))[0]["user"] for name in ("a", "a", "b"))
    assert first == again != other
    assert len(first) <= 64
    assert "aaaa" not in first


def test_what_openai_has_no_field_for_is_left_out_and_noted():
    tools = (Tool("find", cache=CacheMark()),)
    marked = Turn("user", (Text("x", cache=CacheMark()),))
    asked = chat(marked, extra={"context_management": {}}, service_tier="strange", tools=tools)
    body, dropped = sent(asked)
    assert set(body) == {"model", "messages", "tools"}
    assert dropped == ["context_management", "cache_control", "service_tier"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"extra": {"betas": []}}, "betas"), ({"top_k": 5}, "top_k"), ({"service_tier": "x"}, "service_tier")],
)
def test_strict_refuses_what_would_be_left_out(fields, name):
    sent(chat(**fields), itself=True, strict=False)
    with pytest.raises(InvalidRequest, match=f"provider 'p' has no {name}") as caught:
        sent(chat(**fields), itself=True, strict=True)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", name)


def test_tool_of_another_providers_is_refused():
    with pytest.raises(InvalidRequest, match="provider 'p' has no tool 'web_search'"):
        sent(chat(tools=(Tool("web_search", native={"type": "web_search_20250305"}),)))


def test_what_is_openais_own_goes_on_to_it():
    custom = {"type": "custom", "custom": {"name": "run"}}
    asked = Chat(
        dialect="openai",
        model="x",
        turns=(USER,),
        tools=(Tool("run", native=custom),),
        choice=ToolChoice("one", "run"),
        reasoning=Reasoning(enabled=False),
        service_tier="theirs",
        extra={"store": True},
    )
    body, dropped = sent(asked)
    assert body == {
        **LEAST,
        "tools": [custom],
        "tool_choice": {"type": "custom", "custom": {"name": "run"}},
        "reasoning_effort": "none",
        "service_tier": "theirs",
        "store": True,
    }
    assert dropped == []
    OFFICIAL.validate_python({**body, "service_tier": "auto"})


def test_schema_is_sent_as_it_was_written():
    schema = {"z": 1, "a": {"ü": [1.5, None, True]}}
    body = (
        chats()
        .ask(chat(format=Format("schema", "n", "d", schema, True)), Target("p", "m"), Dropped("p", strict=False))
        .body
    )
    assert msgspec.json.encode(schema) in body
