"""What goes through the form comes back whole: ids of calls, their arguments, the order, every character."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse, type_body
from tests.adapters.providers.anthropic.samples import HEAD, STREAM_HEAD, TARGET, sse, translator
from tests.upstreams.claude import USAGE, events_of

WORDS = st.text(min_size=1, max_size=12).filter(str.strip)
NAMES = st.sampled_from(["get", "put_it", "näh"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
INPUTS = st.dictionaries(st.text(max_size=4), JSON, max_size=3)
CALLS = st.lists(
    st.tuples(st.uuids().map(lambda found: f"call_{found.hex}"), NAMES, INPUTS),
    max_size=3,
    unique_by=lambda call: call[0],
)
STEPS = st.lists(
    st.tuples(st.just("user"), WORDS) | st.tuples(st.just("assistant"), st.none() | WORDS, CALLS),
    min_size=1,
    max_size=5,
)


def asked(messages, **fields):
    body = msgspec.json.encode({"model": "ours", "messages": messages, **fields})
    request = Request("chat", body, fields=parse(body), typed=type_body("chat", body))
    return Exchange(request, deadline=600.0, started=0.0)


def messages_of(steps):
    """Return a conversation in OpenAI's words, each call with its result, and what is said in it, flat."""
    messages, said = [{"role": "user", "content": "Hello"}], [("user", "Hello")]
    for step in steps:
        if step[0] == "user":
            messages.append({"role": "user", "content": step[1]})
            said.append(("user", step[1]))
            continue
        _, text, calls = step
        if text is None and not calls:
            continue
        message = {"role": "assistant", "content": text}
        if calls:
            message["tool_calls"] = [
                {"id": name, "type": "function", "function": {"name": tool, "arguments": json.dumps(given)}}
                for name, tool, given in calls
            ]
        messages.append(message)
        said += [("assistant", text)] if text is not None else []
        said += [("call", name, tool, given) for name, tool, given in calls]
        messages += [{"role": "tool", "tool_call_id": name, "content": f"of {name}"} for name, _, _ in calls]
        said += [("result", name, f"of {name}") for name, _, _ in calls]
    return [*messages, {"role": "user", "content": "Well?"}], [*said, ("user", "Well?")]


def flat(body):
    for message in msgspec.json.decode(body)["messages"]:
        for block in message["content"]:
            if block["type"] == "text":
                yield message["role"], block["text"]
            elif block["type"] == "tool_use":
                yield "call", block["id"], block["name"], block["input"]
            else:
                yield "result", block["tool_use_id"], block["content"]


@given(STEPS)
def test_a_conversation_in_openais_words_is_told_whole(steps):
    messages, said = messages_of(steps)
    assert list(flat(translator().encode(asked(messages), TARGET).body)) == said


CONTENT = st.lists(
    st.one_of(
        WORDS.map(lambda text: {"type": "text", "text": text}),
        st.builds(
            lambda name, tool, given: {"type": "tool_use", "id": f"toolu_{name.hex}", "name": tool, "input": given},
            st.uuids(),
            NAMES,
            INPUTS,
        ),
    ),
    min_size=1,
    max_size=4,
)
THOUGHTS = st.lists(WORDS.map(lambda text: {"type": "thinking", "thinking": text, "signature": "sig=="}), max_size=1)


def message_with(content):
    reason = "tool_use" if any(block["type"] == "tool_use" for block in content) else "end_turn"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "c",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {**USAGE, "output_tokens": 20},
    }


@given(THOUGHTS, CONTENT)
def test_an_answer_goes_to_openais_client_and_back(thoughts, content):
    body = msgspec.json.encode(message_with([*thoughts, *content]))
    reply, _ = translator().decode(asked([{"role": "user", "content": "a"}]), HEAD, body)
    answered = msgspec.json.decode(reply.body)["choices"][0]["message"]
    history = [{"role": "user", "content": "a"}, answered]
    history += [{"role": "tool", "tool_call_id": call["id"], "content": "x"} for call in answered.get("tool_calls", [])]
    sent = msgspec.json.decode(translator().encode(asked([*history, {"role": "user", "content": "b"}]), TARGET).body)
    text = "".join(block["text"] for block in content if block["type"] == "text")
    # OpenAI's messages have one text, and their calls behind it.
    expected = [*thoughts, *([{"type": "text", "text": text}] if text else [])]
    assert sent["messages"][1]["content"] == expected + [block for block in content if block["type"] == "tool_use"]


@given(st.data(), THOUGHTS, CONTENT)
def test_a_stream_says_what_the_whole_answer_says(data, thoughts, content):
    message = message_with([*thoughts, *content])
    hello = [{"role": "user", "content": "a"}]
    whole, usage = translator().decode(asked(hello), HEAD, msgspec.json.encode(message))
    stream = sse(*(msgspec.json.encode(event) for event in events_of(message)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    decoder = translator().decoder(asked(hello, stream=True), STREAM_HEAD)
    chunks = [
        chunk
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for chunk in decoder.feed(stream[start:end])
    ]
    choices = [choice for chunk in chunks for choice in msgspec.json.decode(chunk.data)["choices"]]
    expected = msgspec.json.decode(whole.body)["choices"][0]
    said = expected["message"]
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == (said["content"] or "")
    assert "".join(choice["delta"].get("reasoning_content") or "" for choice in choices) == said.get(
        "reasoning_content", ""
    )
    calls = {}
    for piece in (piece for choice in choices for piece in choice["delta"].get("tool_calls", [])):
        call = calls.setdefault(piece["index"], {"id": piece.get("id"), "name": "", "arguments": ""})
        call["name"] += piece["function"].get("name") or ""
        call["arguments"] += piece["function"].get("arguments") or ""
    assert [(call["id"], call["name"], json.loads(call["arguments"])) for call in calls.values()] == [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in said.get("tool_calls", [])
    ]
    assert choices[-1]["finish_reason"] == expected["finish_reason"]
    assert decoder.usage == usage
