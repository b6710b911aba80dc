"""Anthropic's own client judges: what we send is of its types, and what we read is what it reads."""

import msgspec
import pytest
from anthropic.types import ErrorResponse, Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sluicegate.adapters.providers.anthropic.answer import read_answer
from sluicegate.pipeline.form.blocks import (
    CacheMark,
    File,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from sluicegate.pipeline.form.chat import Format, Reasoning, Tool, ToolChoice
from tests.adapters.providers.anthropic.samples import (
    ANCIENT,
    HEAD,
    MESSAGE,
    NEW,
    OLD,
    STREAM,
    assistant,
    chat,
    errors,
    user,
    written,
)
from tests.adapters.providers.anthropic.typed import complaints
from tests.conformance.test_provider_conformance import ANTHROPIC_ERRORS

SAMPLING = {"temperature", "top_p", "top_k"}
"""What the client no longer types, and the API still takes under its first version."""
MARKS = st.none() | st.builds(CacheMark, st.sampled_from([None, "5m", "1h", "2d"]))
TEXTS = st.builds(Text, st.text(max_size=9), cache=MARKS)
PICTURES = st.sampled_from(
    [
        Image(data="iVBORw0=", media_type="image/png"),
        Image(url="https://example.org/a.gif"),
        File(data="JVBERi0=", media_type="application/pdf", name="a"),
        File(text="plain"),
        File(url="https://example.org/a.pdf"),
        File(file_id="file_1"),
    ]
)
IDS = st.text(max_size=6)
CALLS = st.builds(ToolCall, IDS, st.just("get"), st.sampled_from(["", "{}", '{"ä": [1, null]}']), cache=MARKS)
RESULTS = st.builds(ToolResult, IDS, st.lists(TEXTS | PICTURES, max_size=2).map(tuple), failed=st.booleans())
THOUGHTS = st.builds(Thinking, st.text(max_size=5), signature=st.none() | st.just("s")) | st.just(
    Thinking(redacted="x")
)
TURNS = st.lists(
    st.builds(Turn, st.just("user"), st.lists(TEXTS | PICTURES | RESULTS, max_size=4).map(tuple))
    | st.builds(Turn, st.just("assistant"), st.lists(TEXTS | CALLS | THOUGHTS, max_size=4).map(tuple))
    | st.builds(Turn, st.just("system"), st.lists(TEXTS, max_size=2).map(tuple)),
    max_size=6,
)
CHATS = st.fixed_dictionaries(
    {
        "system": st.lists(TEXTS, max_size=3).map(tuple),
        "tools": st.lists(
            st.sampled_from([Tool("get"), Tool("put", "Puts", {"properties": {}}, strict=True, cache=CacheMark())]),
            max_size=2,
        ).map(tuple),
        "choice": st.none()
        | st.builds(ToolChoice, st.sampled_from(["auto", "required", "none"]))
        | st.just(ToolChoice("one", "get")),
        "parallel_calls": st.sampled_from([None, True, False]),
        "max_tokens": st.none() | st.integers(1, 300_000),
        "temperature": st.none() | st.floats(0, 2),
        "top_p": st.none() | st.floats(0, 1),
        "stop": st.lists(st.text(max_size=3), max_size=3).map(tuple),
        "reasoning": st.none()
        | st.builds(
            Reasoning,
            st.sampled_from([None, True, False]),
            st.sampled_from([None, "minimal", "low", "xhigh", "max"]),
            st.none() | st.integers(1, 200_000),
            st.sampled_from([None, True, False]),
        ),
        "user": st.none() | st.text(max_size=8),
        "service_tier": st.sampled_from([None, "auto", "default", "flex"]),
    }
)


@given(TURNS, CHATS, st.sampled_from([NEW, OLD, ANCIENT, "claude-opus-4-6"]))
def test_requests_are_of_the_clients_types(turns, fields, model):
    fields, _ = written(chat(user("Hello"), *turns, **fields), model)
    judged = {name: value for name, value in fields.items() if name not in SAMPLING}
    assert complaints({"model": model, **judged}, MessageCreateParamsNonStreaming) == []
    roles = [message["role"] for message in fields["messages"]]
    assert roles == ["user" if place % 2 == 0 else "assistant" for place in range(len(roles))]
    assert all(message["content"] for message in fields["messages"])
    if fields.get("thinking", {}).get("type") == "enabled":
        assert 1024 <= fields["thinking"]["budget_tokens"] < fields["max_tokens"]
    assert msgspec.json.encode(fields).count(b'"cache_control"') <= 4


def test_a_schema_for_answers_is_of_the_clients_types():
    wanted = Format("schema", schema={"type": "object", "properties": {}})
    fields, _ = written(chat(format=wanted, reasoning=Reasoning(effort="low")))
    assert complaints({"model": NEW, **fields}, MessageCreateParamsNonStreaming) == []


def test_the_judge_complains():
    fields, _ = written(chat(user("a"), tools=(Tool("get"),)))
    wrong = [
        {**fields, "max_tokens": "1"},
        {**fields, "surprise": 1},
        {**fields, "messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {**fields, "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url"}}]}]},
        {**fields, "tools": [{"name": "get"}]},
        {**fields, "thinking": {"type": "enabled"}},
    ]
    for found in wrong:
        assert complaints({"model": NEW, **found}, MessageCreateParamsNonStreaming) != []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
SAID = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": st.text()})
    | st.fixed_dictionaries({"type": st.just("thinking"), "thinking": st.text(), "signature": st.just("s")})
    | st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": st.text(min_size=1)})
    | st.fixed_dictionaries(
        {
            "type": st.just("tool_use"),
            "id": st.uuids().map(lambda found: f"toolu_{found.hex}"),
            "name": st.just("get"),
            "input": st.dictionaries(st.text(max_size=4), JSON, max_size=3),
        }
    ),
    max_size=5,
)


@given(SAID)
def test_answers_go_back_as_they_came(content):
    message = {**msgspec.json.decode(MESSAGE), "content": content}
    body = msgspec.json.encode(message)
    Message.model_validate_json(body)
    answer = read_answer(errors(), HEAD, body)
    fields, _ = written(chat(user("a"), assistant(*answer.choices[0].blocks), user("b")))
    returned = [block for turn in fields["messages"] if turn["role"] == "assistant" for block in turn["content"]]
    assert returned == [block for block in content if block["type"] != "text" or block["text"].strip()]


def test_the_samples_are_what_the_client_reads():
    Message.model_validate_json(MESSAGE)
    events = TypeAdapter(RawMessageStreamEvent)
    data = [line[6:] for line in STREAM.split(b"\n") if line.startswith(b"data: ") and b'"ping"' not in line]
    assert [events.validate_json(line).type for line in data][-1] == "message_stop"


@pytest.mark.parametrize("body", ANTHROPIC_ERRORS.values())
def test_the_errors_are_what_the_client_reads(body):
    assert ErrorResponse.model_validate_json(body).type == "error"
