"""Answers of providers that leave out, or twist, what OpenAI's API documents."""

from base64 import b64encode
from struct import pack
from typing import Any

import msgspec
import pytest

from sluicegate import Answer, Delta, Embeddings, GatewayError, open_gateway
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
from sluicegate.pipeline.request import Request
from sluicegate.testing import ScriptedTransport
from tests.library.upstream import MODEL, answer, over, whole


def replied(body: bytes) -> Exchange:
    exchange = Exchange(Request("chat"), deadline=1.0, started=0.0)
    exchange.reply = Reply(body=body)
    exchange.notes["provider"] = "odd"
    return exchange


def answered(data: Any) -> Answer:
    return Answer(replied(msgspec.json.encode(data)))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": {}},
        {"choices": [None]},
        {"choices": [{}]},
        {"choices": [{"message": None, "finish_reason": None}]},
        {"choices": [{"message": {"content": None, "tool_calls": None}}]},
        {"choices": [{"message": {"content": 7, "tool_calls": "none"}, "finish_reason": 7}]},
        {"choices": [{"index": 1, "message": {"content": "of the second choice"}}]},
    ],
)
def test_what_is_not_there_is_empty(data):
    odd = answered(data)
    assert (odd.text, odd.tool_calls, odd.finish_reason) == ("", [], "")
    assert odd.data == data


def test_content_in_parts_is_joined():
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Hel"}, "?", {"type": "text", "text": "lo"}]
    assert answered({"choices": [{"message": {"content": parts}}]}).text == "Hello"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b'"text"', b"[" * 100_000])
def test_an_answer_that_is_no_object_is_the_providers_fault(body):
    with pytest.raises(UpstreamError, match="'odd'"):
        Answer(replied(body))


@pytest.mark.parametrize(
    "data",
    [
        {"choices": None, "usage": {}},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": None}}]},
        {"choices": [{"index": 1, "delta": {"content": "of the second choice"}}]},
    ],
)
def test_a_chunk_without_text_adds_none(data):
    delta = Delta(data)
    assert (delta.text, delta.tool_calls, delta.finish_reason) == ("", [], "")


def test_vectors_are_in_the_order_of_the_inputs():
    data = {"data": [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}]}
    assert Embeddings(replied(msgspec.json.encode(data))).vectors == [[1.0, 2.0], [3.0, 4.0]]


def test_vectors_in_base64_are_read():
    packed = b64encode(pack("<2f", 0.5, -1.0)).decode()
    assert Embeddings(replied(msgspec.json.encode({"data": [{"embedding": packed}]}))).vectors == [[0.5, -1.0]]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"data": None},
        {"data": [None]},
        {"data": [{}]},
        {"data": [{"embedding": "?"}]},
        {"data": [{"embedding": "AA=="}]},
    ],
)
def test_embeddings_without_vectors_are_the_providers_fault(data):
    odd = Embeddings(replied(msgspec.json.encode(data)))
    with pytest.raises(UpstreamError, match="'odd'"):
        _ = odd.vectors


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"choices":null}', b'{"choices":{}}', b'"x"', b"\xff"])
async def test_odd_bodies_never_end_in_anything_but_a_gateway_error(body, autojump_clock):
    transport = ScriptedTransport(whole(body))
    async with open_gateway(over(transport), environ={}) as gateway:
        with pytest.raises(GatewayError):
            await gateway.chat(MODEL, "Hello")


async def test_an_answer_without_choices_has_no_text(autojump_clock):
    transport = ScriptedTransport(whole(answer(choices=[])))
    async with open_gateway(over(transport), environ={}) as gateway:
        assert (await gateway.chat(MODEL, "Hello")).text == ""


async def test_a_chunk_that_is_no_object_breaks_the_stream(autojump_clock):
    """Built-in providers check their chunks; one that somebody else wrote may not."""
    from sluicegate.library.answers import ChatStream
    from sluicegate.pipeline.carrier import Flow
    from sluicegate.testing import ScriptedStream

    exchange = replied(b"")
    exchange.reply = Reply(stream=ScriptedStream((0.0, [Chunk(b"[]", ChunkKind.CONTENT)])))
    with pytest.raises(UpstreamError, match="'odd'"):
        await anext(ChatStream(Flow(exchange)))
