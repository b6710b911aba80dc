"""What a caller says reaches the provider, and what that says reaches the caller: ids, arguments, order and unicode."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.family.wires import build
from tests.conformance.provider_sample import ask, told

SSE = UpstreamHead(200, {"content-type": "text/event-stream"})
JSON = UpstreamHead(200, {"content-type": "application/json"})
MEMBERS = ["azure", "custom", "groq", "mistral", "openrouter", "together"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
ARGUMENTS = st.dictionaries(TEXT, st.one_of(TEXT, st.integers(-(2**53), 2**53), st.booleans(), st.none()), max_size=3)
CALLS = st.lists(st.tuples(NAME, ARGUMENTS), min_size=1, max_size=3)
SOME = settings(max_examples=30, deadline=None)


def made(calls: list[tuple[str, dict]]) -> list[dict]:
    return [
        {"id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for place, (name, arguments) in enumerate(calls)
    ]


@pytest.mark.parametrize("type_", MEMBERS)
@SOME
@given(said=TEXT, calls=CALLS)
def test_history_reaches_the_provider(type_, said, calls):
    messages = [
        {"role": "user", "content": said or "x"},
        {"role": "assistant", "content": said, "tool_calls": made(calls)},
        *({"role": "tool", "tool_call_id": call["id"], "content": said} for call in made(calls)),
    ]
    body = msgspec.json.decode(build(type_).encode(ask(messages=messages), Target("upstream", "m")).body)
    user, assistant, *results = body["messages"]
    assert (user["content"], assistant["content"]) == (said or "x", said)
    assert [call["function"] for call in assistant["tool_calls"]] == [call["function"] for call in made(calls)]
    assert [call["id"] for call in assistant["tool_calls"]] == [result["tool_call_id"] for result in results]
    assert len({call["id"] for call in assistant["tool_calls"]}) == len(calls)


@pytest.mark.parametrize("type_", MEMBERS)
@SOME
@given(said=TEXT, calls=CALLS, cuts=st.lists(st.integers(1, 40), max_size=20))
def test_answer_reaches_the_caller_whole_and_streamed(type_, said, calls, cuts):
    message = {"role": "assistant", "content": said, "tool_calls": made(calls)}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = msgspec.json.encode({"id": "a", "choices": [choice]})
    reply, _ = build(type_).decode(ask(), JSON, body)
    (got,) = msgspec.json.decode(reply.body)["choices"]
    assert (got["message"]["content"], got["message"]["tool_calls"]) == (said, made(calls))

    deltas = [{"content": said}, *({"tool_calls": [{"index": i, **call}]} for i, call in enumerate(made(calls)))]
    chunks = [{"id": "a", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({"id": "a", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    stream = b"".join(b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    pieces = []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    found = [json.loads(data) for _, data in told(build(type_).decoder(ask(stream=True), SSE), [*pieces, stream])]
    streamed = [chunk["choices"][0]["delta"] for chunk in found]
    assert "".join(delta.get("content") or "" for delta in streamed) == said
    calls_seen = [call for delta in streamed for call in delta.get("tool_calls") or ()]
    assert [(call["index"], call["id"], call["function"]) for call in calls_seen] == [
        (i, call["id"], call["function"]) for i, call in enumerate(made(calls))
    ]
