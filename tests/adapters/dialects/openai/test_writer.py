"""Streams as OpenAI's callers know them; its own client's types are the judge of their shape."""

import msgspec
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from sluicegate.adapters.dialects.openai import DIALECT
from sluicegate.adapters.dialects.openai.dialect import OpenAIDialect
from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    Event,
    RefusalPart,
    TextPart,
    ThinkingPart,
)
from sluicegate.pipeline.reply import ChunkKind, Usage

HEAD, CONTENT, FINISH, USAGE = ChunkKind
BEGIN = Begin("a1", "theirs", 7)


def stream(*events: Event, **fields: object) -> list[tuple[ChunkKind, dict]]:
    """Return what a caller is told, each chunk checked."""
    writer = DIALECT.writer(Chat(dialect="openai", model="asked", **fields))
    batch = writer.write(events) + writer.end()
    for chunk in batch:
        ChatCompletionChunk.model_validate_json(chunk.data, strict=True)
    return [(chunk.kind, msgspec.json.decode(chunk.data)) for chunk in batch]


def deltas(*events: Event, **fields: object) -> list[tuple[ChunkKind, dict]]:
    """Return kinds and deltas between the chunk with the role and the end."""
    told = stream(BEGIN, *events, End(), **fields)
    return [(kind, chunk["choices"][0]["delta"]) for kind, chunk in told][1:-1]


def test_text_is_a_role_pieces_and_an_end():
    told = stream(BEGIN, TextPart("Hä"), TextPart(""), TextPart('llo"\n'), End("length"), Count(Usage(9, 5)))
    frame = {"id": "a1", "object": "chat.completion.chunk", "created": 7, "model": "theirs"}

    def chunk(delta, reason=None):
        return {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    assert told == [
        (HEAD, chunk({"role": "assistant", "content": ""})),
        (CONTENT, chunk({"content": "Hä"})),
        (CONTENT, chunk({"content": 'llo"\n'})),
        (FINISH, chunk({}, "length")),
    ]


def test_usage_leaves_last_and_only_where_it_is_wanted():
    events = (Begin(usage=Usage(9)), TextPart("x"), Count(Usage(9, 4)), End(), Count(Usage(9, 5, cached=2)))
    told = stream(*events, usage_wanted=True)
    assert [kind for kind, _ in told] == [HEAD, CONTENT, FINISH, USAGE]
    assert [chunk["usage"] for _, chunk in told[:-1]] == [None, None, None]
    assert told[-1][1]["choices"] == []
    usage = told[-1][1]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (9, 5, 14)
    assert usage["prompt_tokens_details"]["cached_tokens"] == 2
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for _, chunk in told}) == 1
    assert [kind for kind, _ in stream(*events)] == [HEAD, CONTENT, FINISH]


def test_usage_that_nobody_told_is_not_made_up():
    assert [kind for kind, _ in stream(BEGIN, End(), usage_wanted=True)] == [HEAD, FINISH]


def test_what_the_provider_does_not_say_is_made_up_once():
    writer = OpenAIDialect(wall=lambda: 1_790_000_000.9).writer(Chat(dialect="openai", model="asked"))
    batch = writer.write([Begin(), TextPart("x")]) + writer.write([End()])
    told = [msgspec.json.decode(chunk.data) for chunk in batch]
    assert {(chunk["model"], chunk["created"]) for chunk in told} == {("asked", 1_790_000_000)}
    (made,) = {chunk["id"] for chunk in told}
    assert made.startswith("chatcmpl-")


def test_call_names_itself_in_its_first_fragment_only():
    told = deltas(CallBegin(0, "c1", "find", "s1"), CallPart(0, '{"q":'), CallPart(0, ""), CallPart(0, "1}"))
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "find", "arguments": ""}}
    assert told == [
        (CONTENT, {"tool_calls": [{**first, "extra_content": {"google": {"thought_signature": "s1"}}}]}),
        (CONTENT, {"tool_calls": [{"index": 0, "function": {"arguments": '{"q":'}}]}),
        (CONTENT, {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
    ]


def test_call_without_arguments_ends_with_an_empty_object():
    events = (CallBegin(0, "c1", "a"), CallBegin(1, "c2", "b"), CallPart(0, ""), CallBegin(2, "", "c"))
    told = deltas(*events, CallPart(1, "{}"))
    assert told[2][1]["tool_calls"][0]["id"].startswith("call_")
    ends = [delta["tool_calls"][0] for _, delta in told[3:]]
    assert ends == [{"index": slot, "function": {"arguments": "{}"}} for slot in (1, 0, 2)]


def test_thoughts_are_read_as_they_come_and_leave_as_blocks_when_signed():
    told = deltas(
        ThinkingPart("lost"),
        RefusalPart("no"),
        ThinkingPart("h"),
        ThinkingPart("m"),
        ThinkingPart(signature="s1"),
        ThinkingPart(redacted="xyz"),
        ThinkingPart("so", "s2"),
    )
    assert [delta for _, delta in told] == [
        {"reasoning_content": "lost"},
        {"refusal": "no"},
        {"reasoning_content": "h"},
        {"reasoning_content": "m"},
        {"thinking_blocks": [{"index": 0, "type": "thinking", "thinking": "hm", "signature": "s1"}]},
        {"thinking_blocks": [{"index": 1, "type": "redacted_thinking", "data": "xyz"}]},
        {"reasoning_content": "so"},
        {"thinking_blocks": [{"index": 2, "type": "thinking", "thinking": "so", "signature": "s2"}]},
    ]
    assert {kind for kind, _ in told} == {CONTENT}


def test_citations_of_a_text_leave_before_its_end():
    told = deltas(
        TextPart("One."),
        ThinkingPart("hm"),
        TextPart("Two"),
        Cited({"url": "https://e.example", "title": "T"}),
        Cited({"document": 1}),
        TextPart("."),
    )
    found = {"start_index": 4, "end_index": 7, "title": "T", "url": "https://e.example"}
    assert told[-1] == (HEAD, {"annotations": [{"type": "url_citation", "url_citation": found}]})
    assert [delta.get("content") for _, delta in told[:-1]] == ["One.", None, "Two", "."]


def test_logprobs_stand_beside_their_text():
    logprobs = {"content": [{"token": "x", "logprob": -0.5, "bytes": [120], "top_logprobs": []}], "refusal": None}
    told = stream(BEGIN, TextPart("x", logprobs=logprobs))
    assert told[1][1]["choices"][0]["logprobs"] == logprobs


def test_choices_are_told_apart():
    events = (BEGIN, TextPart("a"), TextPart("b", choice=1), End(choice=1), CallBegin(0, "c", "f"), End("tool_calls"))
    told = [(kind, chunk["choices"][0]["index"]) for kind, chunk in stream(*events, n=2)]
    expected = [(HEAD, 0), (HEAD, 1), (CONTENT, 0), (CONTENT, 1), (FINISH, 1), (CONTENT, 0), (CONTENT, 0), (FINISH, 0)]
    assert told == expected


def test_choice_that_nobody_asked_for_has_its_role_too():
    told = stream(BEGIN, TextPart("b", choice=3))
    assert [chunk["choices"][0]["delta"] for _, chunk in told][1] == {"role": "assistant", "content": ""}


def test_caller_of_functions_is_told_of_one():
    events = (CallBegin(0, "c1", "find"), CallPart(0, "{}"), CallBegin(1, "c2", "look"), CallPart(1, "{}"))
    told = stream(BEGIN, *events, End("tool_calls"), functions=True)
    assert [chunk["choices"][0]["delta"] for _, chunk in told][1:] == [
        {"function_call": {"name": "find", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
        {},
    ]
    assert told[-1][1]["choices"][0]["finish_reason"] == "function_call"


def test_stream_without_a_beginning_is_given_one():
    told = stream(TextPart("x"), End())
    assert [kind for kind, _ in told] == [HEAD, CONTENT, FINISH]
    assert {chunk["model"] for _, chunk in told} == {"asked"}
    assert stream(Count(Usage(9, 5)), usage_wanted=True) == []


def test_official_client_adds_up_everything_that_comes_by_lists():
    events = (
        *(ThinkingPart("h"), ThinkingPart("m", "s1"), ThinkingPart("so", "s2"), ThinkingPart(redacted="xyz")),
        *(TextPart("Hi"), Cited({"url": "https://e.example"}), TextPart("!"), Cited({"url": "https://f.example"})),
        *(CallBegin(0, "c1", "find", "s3"), CallBegin(1, "c2", "look"), CallPart(0, '{"q":'), CallPart(0, "1}")),
    )
    writer = DIALECT.writer(Chat(dialect="openai", model="asked", usage_wanted=True))
    state = ChatCompletionStreamState()
    for chunk in writer.write([BEGIN, *events, End("tool_calls"), Count(Usage(9, 5))]) + writer.end():
        state.handle_chunk(ChatCompletionChunk.model_validate_json(chunk.data))
    told = state.get_final_completion()
    message = told.choices[0].message
    assert (message.content, message.model_extra["reasoning_content"]) == ("Hi!", "hmso")
    assert [block.get("signature") for block in message.model_extra["thinking_blocks"]] == ["s1", "s2", None]
    assert [entry.url_citation.url for entry in message.annotations] == ["https://e.example", "https://f.example"]
    calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls]
    assert calls == [("c1", "find", '{"q":1}'), ("c2", "look", "{}")]
    assert told.usage.total_tokens == 14
