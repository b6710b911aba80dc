"""Streams of the family as OpenAI's clients know them: the examples of each, and what servers are known to send."""

import msgspec
import pytest
from openai.types.chat import ChatCompletionChunk

from sluicegate.pipeline.errors import GatewayError, StreamInterrupted, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import ChunkKind
from tests.adapters.providers.family.wires import TYPES, WIRES, build
from tests.conformance.provider_sample import ask, outcome, told

SSE = UpstreamHead(200, {"content-type": "text/event-stream"})
HEAD, CONTENT, FINISH, USAGE = ChunkKind


def decoder(type_: str, **settings):
    exchange = ask(stream=True, stream_options={"include_usage": True})
    return build(type_, **settings).decoder(exchange, SSE)


def event(value: object) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def delta(reason: object = None, index: int = 0, **fields: object) -> dict:
    return {"id": "c", "choices": [{"index": index, "delta": fields, "finish_reason": reason}]}


def streamed(type_: str, *values: object, **settings) -> list[dict]:
    """Return the chunks of a stream of these values and a clean end."""
    data = b"".join(value if isinstance(value, bytes) else event(value) for value in values) + b"data: [DONE]\n\n"
    return [msgspec.json.decode(chunk) for _, chunk in told(decoder(type_, **settings), [data])]


def deltas(chunks: list[dict]) -> list[dict]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_each_stream_is_one_of_openais(type_):
    chunks = told(decoder(type_), [WIRES[type_].stream])
    read = [ChatCompletionChunk.model_validate_json(data) for _, data in chunks]
    assert len({(chunk.id, chunk.model, chunk.object) for chunk in read}) == 1
    assert read[0].id
    roles = [choice.delta.role for chunk in read for choice in chunk.choices]
    assert roles[0] == "assistant"
    assert set(roles[1:]) <= {None}
    text = "".join(choice.delta.content or "" for chunk in read for choice in chunk.choices)
    assert text in ("Hi", "Hi!", "Hi [1]")
    assert [choice.finish_reason for chunk in read for choice in chunk.choices][-1] == "stop"
    assert [kind for kind, _ in chunks][-2:] == [FINISH, USAGE]
    assert read[-1].choices == []
    assert all(chunk.usage is None for chunk in read[:-1])
    assert read[-1].usage is not None
    assert (read[-1].usage.prompt_tokens, read[-1].usage.completion_tokens) == WIRES[type_].stream_usage


def test_azures_chunks_pass_through_byte_by_byte_but_for_those_of_its_filter():
    events = WIRES["azure"].stream.split(b"\n\n")[1:-2]
    batch = decoder("azure").feed(WIRES["azure"].stream)
    assert [chunk.data for chunk in batch] == [each.removeprefix(b"data: ") for each in events]


def test_what_azures_filter_says_behind_the_end_is_no_chunk():
    late = {"choices": [{"index": 0, "content_filter_offsets": {"check_offset": 1}, "finish_reason": None}]}
    kinds = [kind for kind, _ in told(decoder("azure"), [event(delta("stop", content="x")) + event(late)])]
    assert kinds == [CONTENT]


@pytest.mark.parametrize("type_", ["groq", "mistral", "openrouter"])
def test_reasoning_stands_where_clients_look(type_):
    chunks = [msgspec.json.decode(data) for _, data in told(decoder(type_), [WIRES[type_].stream])]
    assert [found["reasoning_content"] for found in deltas(chunks) if "reasoning_content" in found] == ["hm"]
    assert not any("reasoning" in found for found in deltas(chunks))


def test_sources_come_with_the_end():
    chunks = [msgspec.json.decode(data) for _, data in told(decoder("perplexity"), [WIRES["perplexity"].stream])]
    assert ["citations" in chunk for chunk in chunks] == [False, False, True, False]
    assert ["annotations" in found for found in deltas(chunks)] == [False, False, True]
    (cited,) = deltas(chunks)[-1]["annotations"]
    assert (cited["url_citation"]["start_index"], cited["url_citation"]["url"]) == (3, "https://e.test")


def test_sources_of_others_stay_where_they_are():
    first, _ = streamed("custom", {**delta(content="x"), "citations": ["u"]}, delta("stop"))
    assert first["citations"] == ["u"]


def test_number_of_one_token_becomes_its_logprobs():
    chunks = [msgspec.json.decode(data) for _, data in told(decoder("together"), [WIRES["together"].stream])]
    logprobs = chunks[1]["choices"][0]["logprobs"]
    assert logprobs == {"content": [{"token": "!", "logprob": -0.5, "bytes": None, "top_logprobs": []}]}


def test_usage_of_a_stream_is_known_before_its_end():
    found = decoder("perplexity")
    found.feed(WIRES["perplexity"].stream.split(b"data: ", 2)[1].join([b"data: ", b""]))
    assert found.usage is not None
    assert found.usage.output == 1


def test_last_usage_stands():
    usages = [{"prompt_tokens": 3, "completion_tokens": count} for count in (1, 2, 7)]
    chunks = streamed("custom", *[{**delta(content="x"), "usage": usage} for usage in usages], delta("stop"))
    assert [chunk["usage"] for chunk in chunks if chunk.get("usage")] == [{**usages[-1], "total_tokens": 10}]


@pytest.mark.parametrize("usage", [None, {}, "x", 7])
def test_usage_that_is_none_makes_no_chunk(usage):
    assert all(chunk["choices"] for chunk in streamed("custom", {**delta(content="x"), "usage": usage}, delta("stop")))


CALL = {"name": "f", "arguments": ""}


@pytest.mark.parametrize(
    "pieces",
    [
        # As OpenAI has them.
        [{"index": 0, "id": "a", "type": "function", "function": CALL}, {"index": 0, "function": {"arguments": "{}"}}],
        # Everything is said again with each piece.
        [
            {"index": 0, "id": "a", "function": CALL},
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
        ],
        # No index.
        [{"id": "a", "function": CALL}, {"function": {"arguments": "{}"}}],
        [{"id": "a", "function": CALL}, {"id": "a", "function": {"arguments": "{}"}}],
        # Nulls.
        [
            {"index": None, "id": "a", "type": None, "function": {"name": "f", "arguments": None}},
            {"index": 0, "id": None, "function": {"name": None, "arguments": "{}"}},
        ],
    ],
)
def test_pieces_of_a_call_are_brought_into_form(pieces):
    first, second, _ = deltas(streamed("custom", *[delta(tool_calls=[piece]) for piece in pieces], delta("tool_calls")))
    assert first["tool_calls"] == [{"index": 0, "id": "a", "type": "function", "function": CALL}]
    assert second["tool_calls"] == [{"index": 0, "function": {"arguments": "{}"}}]


@pytest.mark.parametrize("indices", [(0, 1), (None, None), (0, 0)])
def test_two_whole_calls_are_told_apart(indices):
    whole = {"name": "f", "arguments": {"c": 1}}
    calls = [{"index": index, "id": id_, "function": dict(whole)} for index, id_ in zip(indices, "ab", strict=True)]
    found = deltas(streamed("custom", *[delta(tool_calls=[call]) for call in calls], delta("")))
    assert [(call["index"], call["id"]) for each in found for call in each.get("tool_calls", ())] == [
        (0, "a"),
        (1, "b"),
    ]
    assert found[0]["tool_calls"][0]["function"]["arguments"] == '{"c":1}'


def test_call_without_an_id_gets_one():
    call = {"index": 0, "function": {"name": "f", "arguments": "{}"}}
    found = deltas(streamed("custom", delta(tool_calls=[call]), delta("tool_calls")))
    assert found[0]["tool_calls"][0]["id"].startswith("call_")


@pytest.mark.parametrize("calls", [None, [], "x", [1]])
def test_calls_that_are_none_are_left_out(calls):
    assert deltas(streamed("custom", delta(content="x", tool_calls=calls), delta("stop")))[0] == {
        "content": "x",
        "role": "assistant",
    }


@pytest.mark.parametrize("reason", ["eos", "stop_sequence", "abort", "unheard-of", 7])
def test_reasons_that_nobody_knows_mean_that_it_ended(reason):
    assert streamed("custom", delta(content="x"), delta(reason))[-1]["choices"][0]["finish_reason"] == "stop"


def test_empty_reason_is_none():
    data = event(delta("", content="x"))
    chunks, error = outcome(decoder("custom"), [data])
    assert msgspec.json.decode(chunks[0][1])["choices"][0]["finish_reason"] is None
    assert isinstance(error, StreamInterrupted)


def test_reason_to_finish_and_usage_part():
    last = {**delta("model_length", content="x"), "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    content, usage = streamed("mistral", last)
    assert content["choices"][0]["finish_reason"] == "length"
    assert "usage" not in content
    assert (usage["choices"], usage["id"]) == ([], "c")


@pytest.mark.parametrize("choices", [[{"index": 0, "delta": {"content": ""}}], [{"index": 0}], []])
def test_chunk_that_says_nothing_behind_the_end_is_left_out(choices):
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    chunks = streamed("openrouter", delta("stop", content="x"), {"id": "c", "choices": choices, "usage": usage})
    assert [bool(chunk["choices"]) for chunk in chunks] == [True, False]


@pytest.mark.parametrize(
    "frame",
    [
        b'data: {"error":{"message":"boom","type":"server_error"}}\n\n',
        b'data: {"error":"boom"}\n\n',
        b'data: {"object":"error","message":"boom","type":"X","code":500}\n\n',
        b'data: {"detail":"boom"}\n\n',
        b'event: error\ndata: {"message":"boom"}\n\n',
        b'error: {"message":"boom","code":500}\n\n',
        b'data: {"choices":[{"index":0,"delta":{},"error":{"message":"boom"}}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"error"}]}\n\n',
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"insufficient_system_resource"}]}\n\n',
        b'data: {"choices":[],"x_groq":{"error":"boom"}}\n\n',
        b"data: <html>boom</html>\n\n",
        b'data: {"choices":[7]}\n\n',
        b'data: {"choices":7}\n\n',
        b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_error_in_the_stream_follows_what_came_before_it(frame):
    for type_ in ("custom", "groq", "mistral", "openrouter", "perplexity", "together"):
        chunks, error = outcome(decoder(type_), [event(delta(content="x")) + frame])
        assert len(chunks) == 1
        assert isinstance(error, UpstreamError)
        assert "'upstream'" in error.message


@pytest.mark.parametrize(
    ("kept", "end"),
    [
        (b": ping\n\n", b"data: [DONE]\n\n"),
        (b"\xef\xbb\xbf", b"data:[DONE]\r\n\r\n"),
        (b"id: 7\nretry: 5\nevent: message\n", b"data: [DONE]"),
        (b"\r\n", b""),
        (b"", b"data: [DONE]\n\ndata: [DONE]\n\n"),
    ],
)
def test_framing_of_any_legal_kind_is_read(kept, end):
    data = kept + b'data:{"choices":[{"delta":{"content":"x"}}]}\n\n'
    data += b'data: {"choices":\ndata: [{"delta":{},"finish_reason":"stop"}]}\r\n\r\n' + end
    chunks = [msgspec.json.decode(chunk) for _, chunk in told(decoder("custom"), [data])]
    assert deltas(chunks) == [{"content": "x", "role": "assistant"}, {}]


def test_frame_of_many_bytes_is_read():
    found = deltas(streamed("custom", delta(content="x" * 300_000), delta("stop")))
    assert found[0]["content"] == "x" * 300_000


def test_event_of_five_megabytes_is_the_providers_error():
    with pytest.raises(GatewayError, match="'upstream'"):
        streamed("custom", delta(content="x" * 5_000_000), delta("stop"))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_tags_are_found_wherever_the_text_is_cut(size):
    text = "<think>hm <b>\n</thin </think>\n\nSo < it is"
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    found = deltas(streamed("together", *[delta(content=piece) for piece in pieces], delta("stop")))
    assert "".join(each.get("reasoning_content", "") for each in found) == "hm <b>\n</thin "
    assert "".join(each.get("content", "") for each in found) == "So < it is"


@pytest.mark.parametrize(("text", "thought", "said"), [("<thi", "", "<thi"), ("<think>a</thi", "a</thi", "")])
def test_what_was_held_back_comes_with_the_end(text, thought, said):
    for last in ([delta("stop")], []):
        found = deltas(streamed("together", delta(content=text), *last))
        assert "".join(each.get("reasoning_content", "") for each in found) == thought
        assert "".join(each.get("content", "") for each in found) == said


def test_choices_are_kept_apart():
    chunks = streamed(
        "mistral", delta(content="a"), delta(content="b", index=1), delta("stop"), delta("length", index=1)
    )
    assert [(chunk["choices"][0]["index"], chunk["choices"][0]["finish_reason"]) for chunk in chunks] == [
        (0, None),
        (1, None),
        (0, "stop"),
        (1, "length"),
    ]
    assert [each.get("role") for each in deltas(chunks)] == ["assistant", "assistant", None, None]


def test_whole_answer_in_place_of_a_stream_is_brought_into_form_too():
    exchange = ask(stream=True, stream_options={"include_usage": True})
    found = build("mistral").decoder(exchange, UpstreamHead(200, {"content-type": "application/json"}))
    chunks = [msgspec.json.decode(data) for _, data in told(found, [WIRES["mistral"].whole])]
    assert chunks[0]["choices"][0]["delta"]["reasoning_content"] == "hm"
    assert chunks[0]["choices"][0]["delta"]["content"] == "Hi"
    assert chunks[-1]["usage"]["total_tokens"] == 11
