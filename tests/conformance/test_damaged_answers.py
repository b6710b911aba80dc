"""Whatever a provider's answer lacks, or holds in the place of something else, only the gateway's errors come of it.

Each field of each sample is taken out, and put in another kind or an absurd size, one at a time, for callers of every
dialect: the answer is then read, or refused with an error that names the provider.
"""

import json
import re
import struct
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import msgspec
import pytest

from sluicegate.pipeline.errors import Fault, GatewayError, UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.testing import request
from tests.conformance import test_family_conformance as family
from tests.conformance import test_mapped_conformance as mapped
from tests.conformance import test_provider_conformance as others
from tests.conformance.provider_sample import Sample

SAMPLES: dict[str, Sample] = {
    name.removeprefix("Test").lower(): suite.sample
    for module in (family, mapped, others)
    for name, suite in vars(module).items()
    if name.startswith("Test") and hasattr(suite, "sample") and name != "TestSimulator"
}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "get", "arguments": '{"a": 1}'}}
_OPENAI_CALL = {
    "choices": [{"index": 0, "message": {"content": None, "tool_calls": [_CALL]}, "finish_reason": "tool_calls"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
}
_GEMINI_CALL = {
    "candidates": [
        {
            "content": {
                "parts": [{"functionCall": {"id": "1", "name": "get", "args": {"a": 1}}, "thoughtSignature": "AA=="}]
            },
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2},
}
CALLS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("azure", "custom", "groq", "openrouter", "openai"), _OPENAI_CALL),
    "gemini": _GEMINI_CALL,
    "vertex": _GEMINI_CALL,
    "anthropic": {
        "id": "msg_1",
        "type": "message",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": "AA=="},
            {"type": "tool_use", "id": "toolu_1", "name": "get", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3},
    },
    "cohere": {
        "id": "1",
        "message": {"tool_plan": "Ask", "tool_calls": [_CALL], "citations": [{"start": 0, "end": 1, "text": "a"}]},
        "finish_reason": "TOOL_CALL",
        "usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}},
    },
    "ollama": {
        "model": "m",
        "message": {"content": "", "tool_calls": [{"function": {"name": "get", "arguments": {"a": 1}}}]},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 1,
        "eval_count": 2,
    },
    "bedrock": {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "AA=="}}},
                    {"toolUse": {"toolUseId": "1", "name": "get", "input": {"a": 1}}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
    },
}
"""Answers that call a tool, of those whose samples do not."""
ODD: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "", "\x00\ud7ff\U0001f600", [], {}, [None], [[]], {"a": {}})
HUGE = b"1e999"
ASKED: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Hello"}]},
    "messages": {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 9},
    "responses": {"input": "Hello"},
    "generate": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
}


def ask(operation: str, *, stream: bool) -> Exchange:
    """Return an exchange as it is when it reaches `call`."""
    asked = request(operation, **{"model": "our-model", "stream": stream, **ASKED[operation]})
    return Exchange(asked, deadline=600.0, started=0.0)


def damaged(value: Any) -> Iterator[Any]:
    """Yield a JSON value with one thing in it gone, or odd."""
    yield from ODD
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: kept for name, kept in value.items() if name != key}
            for odd in damaged(inner):
                yield {**value, key: odd}
    elif isinstance(value, list):
        yield value + value  # so that ids of tools and places stand twice
        for place, inner in enumerate(value):
            for odd in damaged(inner):
                yield [*value[:place], odd, *value[place + 1 :]]


def damaged_bytes(data: bytes) -> Iterator[bytes]:
    """Yield the JSON of a value with one thing in it gone, odd, or too large for any number."""
    for value in damaged(msgspec.json.decode(data)):
        yield msgspec.json.encode(value)
    for number in re.finditer(rb"(?<=[:\[,])-?\d+(\.\d+)?(?=[,}\]])", data):
        yield data[: number.start()] + HUGE + data[number.end() :]


def damaged_streams(sample: Sample) -> Iterator[bytes]:
    """Yield the sample's stream with one event damaged, missing, or there twice."""
    events = list(messages_in(sample.stream) if "eventstream" in sample.stream_type else texts_in(sample.stream))
    for place, (before, data, after) in enumerate(events):
        whole = [before + data + after for before, data, after in events]
        yield b"".join([*whole[:place], *whole[place + 1 :]])
        yield b"".join([*whole[: place + 1], *whole[place:]])
        if not data.startswith(b"{"):
            continue
        for body in damaged_bytes(data):
            framed = reframed(before, body) if "eventstream" in sample.stream_type else before + body + after
            yield b"".join([*whole[:place], framed, *whole[place + 1 :]])


def texts_in(stream: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield what stands before each line's JSON, the JSON, and what ends the line."""
    for line in stream.splitlines(keepends=True):
        data = line.rstrip(b"\r\n")
        start = 6 if data.startswith(b"data: ") else 0
        yield data[:start], data[start:], line[len(data) :]


def messages_in(stream: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the head of each of AWS's messages, its payload, and its checksum."""
    while stream:
        total, headers = struct.unpack_from(">II", stream)
        yield stream[: 12 + headers], stream[12 + headers : total - 4], stream[total - 4 : total]
        stream = stream[total:]


def reframed(head: bytes, payload: bytes) -> bytes:
    """Return one of AWS's messages with another payload."""
    lengths = struct.pack(">II", len(head) + len(payload) + 4, len(head) - 12)
    data = lengths + struct.pack(">I", crc32(lengths)) + head[12:] + payload
    return data + struct.pack(">I", crc32(data))


def read(sample: Sample, operation: str, body: bytes) -> UpstreamError | None:
    """Read a whole answer; return what it was refused with."""
    exchange = ask(operation, stream=False)
    try:
        reply, _ = sample.translator.decode(exchange, sample.head(), body)
    except UpstreamError as error:
        return error
    json.loads(reply.body)
    return None


def played(sample: Sample, operation: str, stream: bytes) -> GatewayError | None:
    """Read a stream in pieces; return what it was broken off with."""
    decoder = sample.translator.decoder(ask(operation, stream=True), sample.head(media_type=sample.stream_type))
    try:
        for place in range(0, len(stream), 97):
            list(decoder.feed(stream[place : place + 97]))
        list(decoder.finish())
    except GatewayError as error:
        return error
    return None


def test_all_providers_are_here():
    assert len(SAMPLES) >= 15


@pytest.mark.parametrize("operation", ASKED)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_whole_answer_with_one_thing_wrong_is_read_or_refused_by_name(name, operation):
    sample = SAMPLES[name]
    for whole in (sample.whole, *([msgspec.json.encode(CALLS[name])] if name in CALLS else [])):
        for body in damaged_bytes(whole):
            refused = read(sample, operation, body)
            assert refused is None or "'upstream'" in refused.message, body


@pytest.mark.parametrize("operation", ASKED)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_stream_with_one_thing_wrong_is_read_or_broken_off(name, operation):
    sample = SAMPLES[name]
    for stream in damaged_streams(sample):
        broken = played(sample, operation, stream)
        assert broken is None or broken.fault is Fault.UPSTREAM, stream
