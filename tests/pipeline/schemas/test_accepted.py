"""What passes, and that nothing of it is lost."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.schemas import ChatRequest, CompletionRequest, EmbeddingRequest, Message
from sluicegate.stages.validate import read
from tests.pipeline.schemas.bodies import CHAT, COMPLETION, EMBEDDING, body_of, call, chat, function, said, with_message

EVERY_FIELD: dict[str, Any] = {
    "audio": {"format": "wav", "voice": {"id": "v"}},
    "frequency_penalty": -2,
    "function_call": {"name": "get"},
    "functions": [{"name": "get", "parameters": {"type": "object"}}],
    "logit_bias": {"1": -100, "2": 100},
    "logprobs": True,
    "max_completion_tokens": 1,
    "max_tokens": 1,
    "metadata": {"a": "b"},
    "modalities": ["text", "audio"],
    "moderation": {"model": "m", "policy": {"input": {"mode": "score"}, "output": {"mode": "block"}}},
    "n": 128,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": [{"type": "text", "text": "a"}]},
    "presence_penalty": 2.0,
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "xhigh",
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}, "strict": True}},
    "safety_identifier": "s",
    "seed": -(2**63),
    "service_tier": "flex",
    "stop": ["a", "b", "c", "d"],
    "store": False,
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "temperature": 2,
    "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function"}]}},
    "tools": [
        function(description="d", parameters={"type": "object"}, strict=None),
        {
            "type": "custom",
            "custom": {"name": "c", "format": {"type": "grammar", "grammar": {"definition": "d", "syntax": "lark"}}},
        },
    ],
    "top_logprobs": 20,
    "top_p": 1,
    "user": "u",
    "verbosity": "low",
    "web_search_options": {
        "search_context_size": "low",
        "user_location": {"type": "approximate", "approximate": {"city": "Oslo"}},
    },
}


def test_every_documented_field_of_a_chat_is_typed_and_documented() -> None:
    assert EVERY_FIELD.keys() == set(ChatRequest.__struct_fields__) - {"model", "messages"}
    _, typed = read("chat", chat(**EVERY_FIELD), strict=True)
    assert all(getattr(typed, name) is not None for name in EVERY_FIELD)


@pytest.mark.parametrize("name", sorted(EVERY_FIELD))
def test_optional_field_may_be_null(name: str) -> None:
    _, typed = read("chat", chat(**{name: None}))
    assert getattr(typed, name) is None


ACCEPTED: dict[str, tuple[str, bytes]] = {
    "string content": ("chat", chat()),
    "empty string content": ("chat", with_message(role="user", content="")),
    "developer": ("chat", with_message(role="developer", content=[{"type": "text", "text": "a"}])),
    "assistant that called": ("chat", with_message(role="assistant", content=None, tool_calls=[call()])),
    "assistant without content key": ("chat", with_message(role="assistant", tool_calls=[call()])),
    "assistant that refused": ("chat", with_message(role="assistant", content=None, refusal="no")),
    "assistant that spoke": ("chat", with_message(role="assistant", audio={"id": "a"})),
    "assistant of old": ("chat", with_message(role="assistant", function_call={"name": "f", "arguments": ""})),
    "empty list of calls": ("chat", with_message(role="assistant", content="a", tool_calls=[])),
    "call of a custom tool": (
        "chat",
        with_message(
            role="assistant", tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "a", "input": ""}}]
        ),
    ),
    "tool": ("chat", with_message(role="tool", tool_call_id="c", content=[{"type": "text", "text": "a"}])),
    "function with null": ("chat", with_message(role="function", name="f", content=None)),
    "cache_control on a message": ("chat", with_message(role="user", content="a", cache_control={"type": "ephemeral"})),
    "cache_control on a part": ("chat", said({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}})),
    "part of another provider": ("chat", said({"type": "video_url", "video_url": {"url": "u"}})),
    "part with a name that has another shape": ("chat", said({"type": "document", "file": "f", "text": 3})),
    "image by bare url": ("chat", said({"type": "image_url", "image_url": "https://a.test"})),
    "sound by bare data": ("chat", said({"type": "input_audio", "input_audio": "UklG"})),
    "file by id": ("chat", said({"type": "file", "file": {"file_id": "f"}})),
    "tool of another provider": ("chat", chat(tools=[{"type": "web_search"}], tool_choice="any")),
    "format of another provider": ("chat", chat(response_format={"type": "regex", "regex": "a*"})),
    "place of another provider": ("chat", chat(web_search_options={"user_location": {"latitude": 1.5}})),
    "logprobs as a number": ("chat", chat(logprobs=3, top_logprobs=3)),
    "unknown field": ("chat", chat(provider={"order": ["a"]}, top_k=40)),
    "model of 256 characters": ("chat", chat(model="m" * 256)),
    "empty tools": ("chat", chat(tools=[])),
    "prompt": ("completion", body_of(COMPLETION)),
    "null prompt": ("completion", body_of(COMPLETION, prompt=None)),
    "prompts": ("completion", body_of(COMPLETION, prompt=["a", ""], best_of=3, n=3)),
    "prompt of tokens": ("completion", body_of(COMPLETION, prompt=[1, 2])),
    "prompts of tokens": ("completion", body_of(COMPLETION, prompt=[[1, 2], [3]], echo=True, max_tokens=0)),
    "input": ("embedding", body_of(EMBEDDING)),
    "inputs": ("embedding", body_of(EMBEDDING, input=["a"] * 2048, encoding_format="base64", dimensions=256)),
    "input of tokens": ("embedding", body_of(EMBEDDING, input=[0, 1])),
    "inputs of tokens": ("embedding", body_of(EMBEDDING, input=[[0], [1, 2]])),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_request_passes_and_keeps_its_value(name: str) -> None:
    operation, body = ACCEPTED[name]
    fields, typed = read(operation, body)
    assert json.loads(msgspec.json.encode(fields)) == json.loads(body)
    assert (
        type(typed) is {"chat": ChatRequest, "completion": CompletionRequest, "embedding": EmbeddingRequest}[operation]
    )


def test_call_without_a_type_is_a_call_of_a_function() -> None:
    _, typed = read("chat", with_message(role="assistant", tool_calls=[{"id": "c", "function": call()["function"]}]))
    assert isinstance(typed, ChatRequest)
    assert typed.messages[2].tool_calls is not None
    assert typed.messages[2].tool_calls[0].type == "function"


def test_typed_view_holds_what_the_body_says() -> None:
    _, typed = read("chat", chat(temperature=1, stop="x", max_tokens=5))
    assert typed == ChatRequest(
        model="m", messages=[Message(role="user", content="hi")], temperature=1.0, stop="x", max_tokens=5
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant"]), "content": st.text(max_size=20)},
        optional={"name": st.text(max_size=5), "cache_control": JSON, "refusal": st.text(max_size=5) | st.none()},
    )
    | st.fixed_dictionaries(
        {
            "role": st.just("user"),
            "content": st.lists(
                st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=9)}, optional={"extra": JSON})
                | st.fixed_dictionaries({"type": st.just("video_url")}, optional={"text": JSON, "file": JSON}),
                min_size=1,
                max_size=3,
            ),
        }
    ),
    min_size=1,
    max_size=4,
)
CHATS = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": MESSAGES},
    optional={"temperature": st.floats(0, 2), "n": st.integers(1, 128), "x-extra": JSON, "extra body": JSON},
)


@given(CHATS)
def test_any_accepted_chat_keeps_its_value(value: dict[str, Any]) -> None:
    fields, _ = read("chat", json.dumps(value).encode())
    assert json.loads(msgspec.json.encode(fields)) == value


@given(st.dictionaries(st.sampled_from([*EVERY_FIELD, "messages", "model"]), JSON))
def test_any_value_in_any_field_passes_or_is_refused_by_its_path(
    value: dict[str, Any],
) -> None:
    body = json.dumps({**CHAT, **value}).encode()
    named = CHAT.keys() | value.keys()
    refused = None
    try:
        fields, _ = read("chat", body)
    except InvalidRequest as error:
        refused = error
    if refused is None:
        assert json.loads(msgspec.json.encode(fields)) == json.loads(body)
    else:
        assert refused.param is not None
        assert re.match(r"\w+", refused.param)[0] in named  # type: ignore[index]  # every path begins with a name
