"""The stream decoder of OpenAI's API: kinds of chunks, endings, and errors in-band."""

import msgspec
import pytest

from sluicegate.adapters.providers.openai.errors import ErrorTable
from sluicegate.adapters.providers.openai.stream import MAX_EVENT, OpenAIStream
from sluicegate.adapters.providers.secrets import Secrets
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.config.sections import HttpProviderSettings
from sluicegate.pipeline.errors import GatewayError, InvalidRequest, StreamInterrupted, UpstreamBusy, UpstreamError
from sluicegate.pipeline.reply import ChunkKind

KEY = "sk-stream-0123456789"
HEAD, CONTENT, FINISH, USAGE = ChunkKind


def stream(*, wants_usage: bool = False, choices: int = 1) -> OpenAIStream:
    errors = ErrorTable("p", Secrets(HttpProviderSettings(type="openai", api_key=Secret(KEY))))
    return OpenAIStream("p", errors, wants_usage=wants_usage, choices=choices)


def event(value: object) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def delta(index: int = 0, reason: str | None = None, **fields: object) -> dict:
    return {"choices": [{"index": index, "delta": fields, "finish_reason": reason}]}


@pytest.mark.parametrize(
    ("chunk", "kind"),
    [
        (delta(role="assistant", content=""), HEAD),
        (delta(role="assistant", content=None, tool_calls=[]), HEAD),
        ({"choices": [], "prompt_filter_results": []}, HEAD),
        ({"choices": [{"index": 0}]}, HEAD),
        (delta(content="x"), CONTENT),
        (delta(content=" "), CONTENT),
        (delta(reasoning_content="hm"), CONTENT),
        (delta(reasoning="hm"), CONTENT),
        (delta(refusal="no"), CONTENT),
        (delta(tool_calls=[{"index": 0}]), CONTENT),
        (delta(function_call={"name": "f"}), CONTENT),
        (delta(audio={"id": "a"}), CONTENT),
        ({"choices": [{"text": "x", "index": 0}]}, CONTENT),
        ({"choices": [{"text": "", "index": 0, "finish_reason": "stop"}]}, FINISH),
        (delta(reason="stop"), FINISH),
        (delta(reason="unheard-of"), FINISH),
        (delta(content="last", reason="stop"), CONTENT),
        (delta(reason=""), HEAD),
        ({"choices": [{"index": None, "delta": None, "finish_reason": None}]}, HEAD),
    ],
)
def test_kind_of_a_chunk_is_what_it_carries(chunk, kind):
    (found,) = stream().feed(event(chunk))
    assert found.kind is kind
    assert found.data == msgspec.json.encode(chunk)


def test_nasty_but_legal_stream_is_complete():
    nasty = (
        b": ping\n\n"
        b'data:{"id":"x","choices":[{"index":0,"delta":{"role":"assistant","content":"H"},"finish_reason":null}],'
        b'"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n'
        b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"i"},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
    )
    decoder = stream()
    assert [chunk.kind for chunk in decoder.feed(nasty)] == [CONTENT, CONTENT]
    assert not decoder.done
    assert decoder.finish() == []
    assert decoder.done
    assert decoder.usage is not None
    assert (decoder.usage.input, decoder.usage.output) == (1, 2)


def test_usage_on_each_chunk_is_a_running_sum():
    decoder = stream()
    for tokens in (1, 2, 7):
        decoder.feed(event({**delta(content="x"), "usage": {"prompt_tokens": 3, "completion_tokens": tokens}}))
    assert decoder.usage is not None
    assert decoder.usage.output == 7


@pytest.mark.parametrize("later", [None, {}, {"strange": 1}, "strange"])
def test_usage_that_says_nothing_does_not_erase_a_count(later):
    decoder = stream()
    decoder.feed(event({**delta(content="x"), "usage": {"prompt_tokens": 3, "completion_tokens": 1}}))
    decoder.feed(event({**delta(content="y"), "usage": later}))
    assert decoder.usage is not None


@pytest.mark.parametrize("wanted", [False, True])
def test_usage_chunk_is_kept_only_if_wanted_and_always_counted(wanted):
    decoder = stream(wants_usage=wanted)
    batch = decoder.feed(event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}))
    assert [chunk.kind for chunk in batch] == ([USAGE] if wanted else [])
    assert decoder.usage is not None


def test_done_ends_the_stream():
    decoder = stream()
    batch = decoder.feed(event(delta(content="x")) + b"data: [DONE]\n\ndata: [DONE]\n\n" + event(delta(content="y")))
    assert len(batch) == 1
    assert decoder.done
    assert decoder.finish() == []


def test_end_before_a_reason_to_finish_is_an_interruption():
    decoder = stream()
    decoder.feed(event(delta(content="x")))
    with pytest.raises(StreamInterrupted, match="provider 'p' ended before its answer was complete"):
        decoder.finish()


def test_end_of_nothing_is_an_interruption():
    with pytest.raises(StreamInterrupted):
        stream().finish()


def test_every_answer_must_have_finished():
    decoder = stream(choices=2)
    decoder.feed(event(delta(0, "stop")))
    with pytest.raises(StreamInterrupted):
        decoder.finish()


def test_answer_that_began_must_finish_even_if_it_was_not_expected():
    decoder = stream()
    decoder.feed(event(delta(1, content="x")) + event(delta(0, "stop")))
    with pytest.raises(StreamInterrupted):
        decoder.finish()


def test_all_answers_finished_is_complete():
    decoder = stream(choices=2)
    decoder.feed(event(delta(0, "stop")) + event(delta(1, "length")))
    assert decoder.finish() == []


def test_last_event_without_its_blank_line_counts():
    decoder = stream()
    assert decoder.feed(event(delta(reason="stop"))[:-2]) == []
    assert [chunk.kind for chunk in decoder.finish()] == [FINISH]


def test_event_of_several_lines_leaves_in_one():
    (chunk,) = stream().feed(b'data: {"choices":\ndata: [{"delta":{"content":"x"}}]}\n\n')
    assert chunk.data == b'{"choices": [{"delta":{"content":"x"}}]}'


@pytest.mark.parametrize("other", [b"{}", b'{"type":"ping"}', b'{"usage":null}', b"", b" "])
def test_event_that_is_no_chunk_is_kept_from_the_client(other):
    assert stream().feed(b"data: " + other + b"\n\n") == []


@pytest.mark.parametrize(
    ("sent", "kind", "code"),
    [
        (b'data: {"error":{"message":"m","type":"server_error","code":null}}\n\n', UpstreamError, "upstream_error"),
        (b'data: {"error":{"message":"m","code":429}}\n\n', UpstreamBusy, "rate_limit_exceeded"),
        (b'data: {"error":{"message":"m","code":"rate_limit_exceeded"}}\n\n', UpstreamBusy, "rate_limit_exceeded"),
        (
            b'data: {"error":{"message":"m","type":"invalid_request_error","code":"bad_n"}}\n\n',
            InvalidRequest,
            "bad_n",
        ),
        (b'data: {"object":"error","message":"m","code":400}\n\n', InvalidRequest, "invalid_value"),
        (b'data: {"detail":"m"}\n\n', UpstreamError, "upstream_error"),
        (b'data: {"error":"m"}\n\n', UpstreamError, "upstream_error"),
        (b'error: {"code":500,"message":"m"}\n\n', UpstreamError, "upstream_error"),
        (b'event: error\ndata: {"error":{"message":"m"}}\n\n', UpstreamError, "upstream_error"),
    ],
)
def test_error_in_the_stream_is_raised_as_what_it_is(sent, kind, code):
    with pytest.raises(GatewayError, match=r"m$") as caught:
        stream().feed(sent)
    assert type(caught.value) is kind
    assert caught.value.code == code


def test_null_error_is_none():
    assert len(stream().feed(event({**delta(content="x"), "error": None}))) == 1


def test_error_in_the_stream_never_shows_the_key():
    with pytest.raises(UpstreamError) as caught:
        stream().feed(event({"error": {"message": f"no luck with {KEY}"}}))
    assert KEY not in caught.value.message
    assert "***" in caught.value.message


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"nonsense", "not JSON"),
        (b"[1]", "not of its API"),
        (b'{"choices":[{"delta":{"content":"x"}}', "not JSON"),
        (b'{"choices":{}}', "not of its API"),
        (b'{"choices":[{"index":"0"}]}', "not of its API"),
        (b'{"choices":[],"x":"\xff"}', "not JSON"),
        (b'{"error":' + b"[" * 100_000, "nested too deeply"),
        (b"<html>", "not JSON"),
    ],
)
def test_malformed_chunk_is_an_upstream_error(data, what):
    with pytest.raises(UpstreamError, match=f"provider 'p' has a chunk that is {what}"):
        stream().feed(b"data: " + data + b"\n\n")


def test_event_without_its_end_is_held_no_further_than_the_limit():
    reading = stream()
    beginning = b"data: "
    assert reading.feed(beginning + b" " * (MAX_EVENT - len(beginning))) == []
    with pytest.raises(UpstreamError, match="over 4194304 bytes, the limit"):
        reading.feed(b" ")


def test_the_class_of_service_is_read_with_the_usage():
    decoder = stream()
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    decoder.feed(event({"choices": [], "usage": usage, "service_tier": "priority"}))
    assert decoder.usage is not None
    assert decoder.usage.tier == "priority"
