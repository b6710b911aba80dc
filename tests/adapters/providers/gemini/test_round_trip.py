"""Random conversations: what a caller says reaches Gemini whole and in order, and so does what comes back."""

import json
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import ChunkKind
from tests.adapters.providers.gemini.asking import TARGET, check, gemini
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
EVENTS = UpstreamHead(200, {"content-type": "text/event-stream"})
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.sampled_from(["get", "set_it", "f-1"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(texts, values, max_size=3)


@st.composite
def rounds(draw):
    """Return messages of one round, and what Gemini has to be told of it, in order."""
    question, answer = draw(texts), draw(texts)
    calls = draw(st.lists(st.tuples(names, arguments), max_size=3))
    ids = draw(st.lists(st.uuids().map(str), min_size=len(calls), max_size=len(calls), unique=True))
    made = list(zip(ids, calls, strict=True))
    results = [(call_id, name, draw(texts)) for call_id, (name, _) in made]
    message = {"role": "assistant", "content": answer}
    if made:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": json.dumps(args)}}
            for call_id, (name, args) in made
        ]
    answered = [
        {"role": "tool", "tool_call_id": call_id, "content": text}
        for call_id, _, text in draw(st.permutations(results))
    ]
    told = [("text", question), ("text", answer), *(("call", call_id, name, args) for call_id, (name, args) in made)]
    told += [("result", call_id, name, text) for call_id, name, text in results]
    return [{"role": "user", "content": question}, message, *answered], told


def said(body: dict) -> list[tuple]:
    """Return what a body for Gemini says, in order."""
    found: list[tuple] = []
    for content in body["contents"]:
        for part in content["parts"]:
            if call := part.get("functionCall"):
                found.append(("call", call["id"], call["name"], call["args"]))
            elif result := part.get("functionResponse"):
                response = result["response"]
                text = response["result"] if response.keys() == {"result"} else response
                found.append(("result", result["id"], result["name"], text))
            else:
                found.append(("text", part["text"]))
    return found


@settings(max_examples=150)
@given(st.lists(rounds(), min_size=1, max_size=3))
def test_conversation_reaches_gemini_whole_and_in_order(given_rounds):
    messages = [message for messages, _ in given_rounds for message in messages]
    body = msgspec.json.decode(gemini().encode(ask(messages=messages), TARGET).body)
    check(body)
    told = [one for _, told in given_rounds for one in told]
    objects = [json.loads(one[3]) if _is_object(one) else None for one in told]
    expected = [(*one[:3], made) if made is not None else one for one, made in zip(told, objects, strict=True)]
    assert said(body) == expected
    assert all(one["role"] != other["role"] for one, other in pairwise(body["contents"]))


def _is_object(told: tuple) -> bool:
    """Say whether a result is an object, which goes as it is."""
    try:
        return told[0] == "result" and isinstance(json.loads(told[3]), dict)
    except ValueError:
        return False


pieces = st.lists(
    st.one_of(
        st.tuples(st.just("text"), texts),
        st.tuples(st.just("thought"), texts),
        st.tuples(st.just("call"), names, arguments, st.none() | st.just("c2ln")),
    ),
    min_size=1,
    max_size=5,
)


def part_of(piece: tuple, number: int) -> dict:
    """Return a piece as a part of Gemini's answer."""
    if piece[0] != "call":
        return {"text": piece[1], **({"thought": True} if piece[0] == "thought" else {})}
    part = {"functionCall": {"id": f"id-{number}", "name": piece[1], "args": piece[2]}}
    return part if piece[3] is None else {**part, "thoughtSignature": piece[3]}


def frame(*parts: dict, **fields: object) -> dict:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **fields}], "responseId": "r"}


def streamed_message(parts: list[dict], cuts: list[int]) -> dict:
    """Return the message that a client puts together from the stream of these parts."""
    frames = [*(frame(part) for part in parts), frame(finishReason="STOP")]
    sent = b"".join(b"data: " + msgspec.json.encode(one) + b"\r\n\r\n" for one in frames)
    decoder = gemini().decoder(ask(stream=True), EVENTS)
    places = [0, *sorted(cut % len(sent) for cut in cuts), len(sent)]
    chunks = [one for a, b in pairwise(places) for one in decoder.feed(sent[a:b])]
    chunks += decoder.finish()
    assert chunks[-1].kind is ChunkKind.FINISH
    message: dict = {"role": "assistant", "content": "", "reasoning_content": "", "tool_calls": []}
    for chunk in chunks:
        delta = msgspec.json.decode(chunk.data)["choices"][0]["delta"]
        for name in ("content", "reasoning_content"):
            message[name] += delta.get(name) or ""
        for call in delta.get("tool_calls", ()):
            if "id" in call:
                message["tool_calls"].append({name: value for name, value in call.items() if name != "index"})
            else:
                message["tool_calls"][call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    return message


def whole_message(parts: list[dict]) -> dict:
    """Return the message of a whole answer of these parts."""
    reply, _ = gemini().decode(ask(), JSON, msgspec.json.encode(frame(*parts, finishReason="STOP")))
    return msgspec.json.decode(reply.body)["choices"][0]["message"]


@settings(max_examples=150)
@given(pieces, st.lists(st.integers(0, 10_000), max_size=5))
def test_answer_comes_back_whole_and_goes_to_gemini_again_as_it_was(given_pieces, cuts):
    parts = [part_of(piece, number) for number, piece in enumerate(given_pieces)]
    calls = [part for part in parts if "functionCall" in part]
    for message in (whole_message(parts), streamed_message(parts, cuts)):
        assert (message["content"] or "") == "".join(piece[1] for piece in given_pieces if piece[0] == "text")
        thoughts = message.get("reasoning_content") or ""
        assert thoughts == "".join(piece[1] for piece in given_pieces if piece[0] == "thought")
        if not message.get("tool_calls"):
            message.pop("tool_calls", None)
        history = [{"role": "user", "content": "x"}, message]
        body = msgspec.json.decode(gemini().encode(ask(messages=history), TARGET).body)
        again = [part for content in body["contents"] for part in content["parts"] if "functionCall" in part]
        assert again == calls
