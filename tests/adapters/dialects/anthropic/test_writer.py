import json

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sluicegate.adapters.dialects.anthropic import DIALECT
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    RefusalPart,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.reply import ChunkKind, Usage

CHAT = Chat(dialect="anthropic", model="asked-for", stream=True)
EVENT = TypeAdapter(RawMessageStreamEvent)


def chunks_of(*events):
    writer = DIALECT.writer(CHAT)
    return [*writer.write(events), *writer.end()]


def written(*events):
    """Return the events as JSON. Each has its own name, and the official client's types find nothing wrong."""
    found = []
    for chunk in chunks_of(*events):
        EVENT.validate_json(chunk.data, strict=True)
        value = json.loads(chunk.data)
        assert chunk.event == value["type"]
        found.append(value)
    return found


def told(*events):
    """Return what is between the beginning and the end, without what every event has."""
    first, *middle, delta, stop = written(*events)
    assert (first["type"], delta["type"], stop) == ("message_start", "message_delta", {"type": "message_stop"})
    short = {"content_block_start": "content_block", "content_block_delta": "delta"}
    return [(value["index"], value.get(short.get(value["type"], ""), "stop")) for value in middle]


def summed(*events):
    """Return the message that the official client makes of a stream."""
    message, buffers = None, {}
    for chunk in chunks_of(*events):
        event = EVENT.validate_json(chunk.data)
        message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
    return message


TEXT = {"type": "text", "text": ""}
THINKING = {"type": "thinking", "thinking": "", "signature": ""}


def text_delta(text):
    return {"type": "text_delta", "text": text}


def tool(id, name="n"):
    return {"type": "tool_use", "id": id, "name": name, "input": {}}


def json_delta(text):
    return {"type": "input_json_delta", "partial_json": text}


def test_the_beginning_tells_who_answers_and_what_is_known_of_the_prompt():
    first = written(Begin("msg_1", "served", usage=Usage(input=14, output=1, cached=4)))[0]
    assert first["message"] == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "served",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "output_tokens": 1,
            "cache_read_input_tokens": 4,
            "cache_creation_input_tokens": 0,
        },
    }


def test_pieces_of_a_kind_make_a_block_and_another_kind_begins_a_new_one():
    assert told(
        Begin(),
        TextPart(""),
        ThinkingPart("h"),
        ThinkingPart("m"),
        ThinkingPart(signature="sig"),
        TextPart("a"),
        TextPart("b"),
        CallBegin(0, "t1", "n"),
        CallPart(0, ""),
        CallPart(0, '{"c":1'),
        CallPart(0, "}"),
        End("tool_calls"),
    ) == [
        (0, THINKING),
        (0, {"type": "thinking_delta", "thinking": "h"}),
        (0, {"type": "thinking_delta", "thinking": "m"}),
        (0, {"type": "signature_delta", "signature": "sig"}),
        (0, "stop"),
        (1, TEXT),
        (1, text_delta("a")),
        (1, text_delta("b")),
        (1, "stop"),
        (2, tool("t1")),
        (2, json_delta('{"c":1')),
        (2, json_delta("}")),
        (2, "stop"),
    ]


def test_what_is_signed_is_complete_and_what_is_hidden_stands_alone():
    assert told(ThinkingPart("a"), ThinkingPart(signature="s"), ThinkingPart("b"), ThinkingPart(redacted="r")) == [
        (0, THINKING),
        (0, {"type": "thinking_delta", "thinking": "a"}),
        (0, {"type": "signature_delta", "signature": "s"}),
        (0, "stop"),
        (1, THINKING),
        (1, {"type": "thinking_delta", "thinking": "b"}),
        (1, "stop"),
        (2, {"type": "redacted_thinking", "data": "r"}),
        (2, "stop"),
    ]


def test_a_signature_alone_is_a_block_of_its_own():
    assert told(ThinkingPart(signature="s")) == [
        (0, THINKING),
        (0, {"type": "signature_delta", "signature": "s"}),
        (0, "stop"),
    ]


def test_a_call_without_arguments_has_an_empty_object():
    assert told(CallBegin(0, "t1", "n"), CallPart(0, ""), End("tool_calls")) == [
        (0, tool("t1")),
        (0, json_delta("{}")),
        (0, "stop"),
    ]


def test_calls_told_by_turns_come_one_after_the_other():
    events = [
        CallBegin(0, "t1", "n"),
        CallBegin(1, "t2", "n"),
        CallPart(0, '{"a":'),
        CallPart(1, '{"b":'),
        CallPart(0, "1}"),
        CallPart(1, "2}"),
        End("tool_calls"),
    ]
    assert told(*events) == [
        (0, tool("t1")),
        (0, json_delta('{"a":')),
        (0, json_delta("1}")),
        (0, "stop"),
        (1, tool("t2")),
        (1, json_delta('{"b":')),
        (1, json_delta("2}")),
        (1, "stop"),
    ]


def test_calls_one_after_the_other_are_not_held_back():
    writer = DIALECT.writer(CHAT)
    writer.write([Begin(), CallBegin(0, "t1", "n"), CallPart(0, "{}")])
    assert [chunk.event for chunk in writer.write([CallBegin(1, "t2", "n")])] == [
        "content_block_stop",
        "content_block_start",
    ]


def test_the_signature_of_a_call_stands_before_it():
    assert told(CallBegin(0, "t1", "n", "sig"))[:3] == [
        (0, {"type": "redacted_thinking", "data": "call-signature:sig"}),
        (0, "stop"),
        (1, tool("t1")),
    ]


def test_citations_belong_to_the_text_so_far():
    cited = {"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": None, "file_id": None,
             "start_char_index": 0, "end_char_index": 1}  # fmt: skip
    assert told(TextPart("a"), Cited(cited))[2] == (0, {"type": "citations_delta", "citation": cited})


def test_only_the_first_choice_is_told():
    assert told(TextPart("a"), TextPart("b", choice=1), End("length", choice=1)) == [
        (0, TEXT),
        (0, text_delta("a")),
        (0, "stop"),
    ]


@pytest.mark.parametrize(
    ("events", "reason", "sequence"),
    [
        ([TextPart("a"), End()], "end_turn", None),
        ([TextPart("a"), End(stop_text="END")], "stop_sequence", "END"),
        ([TextPart("a"), End("length")], "max_tokens", None),
        ([TextPart("a"), End("content_filter")], "refusal", None),
        ([RefusalPart("no"), End()], "refusal", None),
        ([CallBegin(0, "t", "n"), End("stop")], "tool_use", None),
    ],
)
def test_the_end_tells_the_reason(events, reason, sequence):
    assert written(*events)[-2]["delta"] == {"stop_reason": reason, "stop_sequence": sequence}


def test_the_last_count_stands_also_behind_the_end():
    usage = written(Begin(usage=Usage(input=9)), TextPart("a"), End(), Count(Usage(input=12, output=5, cached=2)))[-2][
        "usage"
    ]
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"]) == (10, 5, 2)


def test_without_a_count_the_pieces_are_counted():
    assert written(TextPart("a"), TextPart("b"), End())[-2]["usage"] == {"output_tokens": 2}


def test_a_client_is_shown_content_and_nothing_else_as_content():
    kinds = {chunk.event: chunk.kind for chunk in chunks_of(Begin(), TextPart("a"), End())}
    assert kinds == {
        "message_start": ChunkKind.HEAD,
        "content_block_start": ChunkKind.HEAD,
        "content_block_delta": ChunkKind.CONTENT,
        "content_block_stop": ChunkKind.HEAD,
        "message_delta": ChunkKind.FINISH,
        "message_stop": ChunkKind.FINISH,
    }
    assert chunks_of(CallBegin(0, "t", "n"))[1].kind is ChunkKind.CONTENT


PIECE = st.one_of(
    st.builds(TextPart, st.text(max_size=5)),
    st.builds(ThinkingPart, st.text(max_size=5)),
    st.builds(ThinkingPart, signature=st.text(min_size=1, max_size=5)),
    st.builds(ThinkingPart, redacted=st.text(max_size=5)),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers(), max_size=2),
)


@given(st.lists(PIECE, max_size=12), st.randoms(use_true_random=False))
def test_any_stream_adds_up_in_the_official_client(pieces, random):
    events, texts, thoughts, calls = [Begin("msg_1")], "", "", []
    for piece in pieces:
        if not isinstance(piece, dict):
            events.append(piece)
            texts += piece.text if isinstance(piece, TextPart) else ""
            thoughts += piece.text if isinstance(piece, ThinkingPart) else ""
            continue
        slot = len(calls)
        calls.append((f"toolu_{slot}", piece))
        events.append(CallBegin(slot, f"toolu_{slot}", "n"))
        arguments = json.dumps(piece) if piece or random.random() < 0.5 else ""
        cut = random.randint(0, len(arguments))
        events += [CallPart(slot, arguments[:cut]), CallPart(slot, arguments[cut:])]
    message = summed(*events, End())
    assert "".join(block.text for block in message.content if block.type == "text") == texts
    assert "".join(block.thinking for block in message.content if block.type == "thinking") == thoughts
    assert [(block.id, block.input) for block in message.content if block.type == "tool_use"] == calls
    opened = None
    for value in written(*events, End())[1:-2]:
        if value["type"] == "content_block_start":
            assert opened is None
            opened = value["index"]
        assert value["index"] == opened
        if value["type"] == "content_block_stop":
            opened = None
    assert opened is None
