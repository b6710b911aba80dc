"""Whole answers where a stream was asked for become streams."""

import msgspec
import pytest

from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.adapters.providers.openai.unstreamed import MAX_BODY
from sluicegate.pipeline.errors import StreamInterrupted, UpstreamBusy, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import ChunkKind
from tests.conformance.provider_sample import ask

HEAD = UpstreamHead(200, {"content-type": "application/json"})
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}


def decode(answer: object, operation: str = "chat", **fields):
    if operation == "completion":
        fields = {"model": "m", "prompt": "p", **fields}
    decoder = OpenAI("p", OpenAISettings(type="openai")).decoder(ask(operation, stream=True, **fields), HEAD)
    body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
    assert decoder.feed(body[:10]) == []
    assert decoder.feed(body[10:]) == []
    assert not decoder.done
    return decoder, decoder.finish()


def chat(*choices: dict, **more: object) -> dict:
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": list(choices), **more}


def test_chat_becomes_chunks():
    message = {"role": "assistant", "content": "Hi", "reasoning_content": "hm"}
    decoder, batch = decode(chat({"index": 0, "message": message, "finish_reason": "length"}, usage=USAGE))
    assert [chunk.kind for chunk in batch] == [ChunkKind.CONTENT, ChunkKind.FINISH]
    content, finish = (msgspec.json.decode(chunk.data) for chunk in batch)
    frame = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    assert content == {**frame, "choices": [{"index": 0, "delta": message, "finish_reason": None}]}
    assert finish == {**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
    assert decoder.usage is not None
    assert decoder.usage.output == 5


def test_usage_chunk_comes_if_it_was_asked_for():
    _, batch = decode(chat({"message": {"content": "Hi"}}, usage=USAGE), stream_options={"include_usage": True})
    assert batch[-1].kind is ChunkKind.USAGE
    last = msgspec.json.decode(batch[-1].data)
    assert (last["choices"], last["usage"]) == ([], USAGE)


def test_tool_calls_are_numbered():
    _, batch = decode(chat({"message": {"content": None, "tool_calls": [CALL, CALL]}, "finish_reason": "tool_calls"}))
    calls = msgspec.json.decode(batch[0].data)["choices"][0]["delta"]["tool_calls"]
    assert calls == [{"index": 0, **CALL}, {"index": 1, **CALL}]


def test_completion_becomes_chunks():
    answer = {"object": "text_completion", "choices": [{"text": "a", "index": 1, "finish_reason": "stop"}]}
    _, batch = decode(answer, "completion")
    content, finish = (msgspec.json.decode(chunk.data) for chunk in batch)
    assert content["choices"] == [{"text": "a", "index": 1, "finish_reason": None}]
    assert finish["choices"] == [{"text": "", "index": 1, "finish_reason": "stop"}]
    assert content["object"] == "text_completion"


def test_empty_answer_has_no_content():
    _, batch = decode(chat({"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}))
    assert [chunk.kind for chunk in batch] == [ChunkKind.HEAD, ChunkKind.FINISH]


def test_answer_that_is_cut_is_an_interruption():
    with pytest.raises(StreamInterrupted):
        decode(msgspec.json.encode(chat({"message": {"content": "Hi"}}))[:-1])


def test_error_in_place_of_a_stream_is_an_error():
    with pytest.raises(UpstreamBusy):
        decode({"error": {"message": "slow down", "code": 429}})


@pytest.mark.parametrize("answer", [chat("text"), chat({"message": []}), chat({"message": {"tool_calls": "x"}}), {}])
def test_answer_of_another_shape_is_an_upstream_error(answer):
    with pytest.raises(UpstreamError):
        decode(answer)


def test_answer_over_the_limit_is_refused():
    decoder = OpenAI("p", OpenAISettings(type="openai")).decoder(ask(stream=True), HEAD)
    decoder.feed(bytes(MAX_BODY))
    with pytest.raises(UpstreamError, match=f"over {MAX_BODY} bytes"):
        decoder.feed(b"x")
