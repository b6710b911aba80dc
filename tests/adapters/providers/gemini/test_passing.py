"""Callers who speak Gemini's API themselves."""

import msgspec
import pytest

from sluicegate.adapters.dialects.gemini.sealed import sealed
from sluicegate.pipeline.errors import GatewayError, StreamInterrupted
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from sluicegate.testing import request
from tests.adapters.providers.gemini.asking import TARGET, gemini

CONTENTS = [{"role": "user", "parts": [{"text": "Hello"}]}]
JSON = UpstreamHead(200, {"content-type": "application/json"})
SSE = UpstreamHead(200, {"content-type": "text/event-stream"})
WHOLE = b"""{"candidates":[{"content":{"parts":[{"text":"Hi","novelty":1.50}],"role":"model"},"finishReason":"STOP"}],
"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":3,"thoughtsTokenCount":2}}"""
PIECE = b'{"candidates":[{"content":{"parts":[{"text":"He"}]},"index":0}]}'


def asked(operation: str = "generate", **fields) -> Exchange:
    return Exchange(request(operation, **{"model": "p/x", "contents": CONTENTS, **fields}), deadline=9.0, started=0.0)


def test_fields_go_on_as_they_came_but_for_what_the_path_says():
    sent = gemini().encode(asked(stream=True, novelty={"x": 1}), TARGET)
    assert sent.url.endswith("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
    assert msgspec.json.decode(sent.body) == {"contents": CONTENTS, "novelty": {"x": 1}}


def test_configured_safety_is_for_who_names_none():
    translator = gemini(safety={"HARM_CATEGORY_HARASSMENT": "OFF"})
    own = [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}]
    for given, expected in ({}, "OFF"), ({"safetySettings": own}, "BLOCK_NONE"):
        body = msgspec.json.decode(translator.encode(asked(**given), TARGET).body)
        assert body["safetySettings"][0]["threshold"] == expected


def test_whole_answer_passes_as_bytes_and_its_tokens_are_read():
    reply, usage = gemini().decode(asked(), JSON, WHOLE)
    assert reply.body == WHOLE
    assert usage == Usage(5, 5, reasoning=2)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"candidates":[', b"[]", b'{"error":{"code":500}}'])
def test_what_is_no_answer_is_an_error_that_names_the_provider(body):
    with pytest.raises(GatewayError, match="google"):
        gemini().decode(asked(), JSON, body)


def test_stream_passes_event_by_event_until_every_answer_has_its_reason():
    decoder = gemini().decoder(asked(stream=True), SSE)
    whole = WHOLE.replace(b"\n", b" ")
    data = b"data: " + PIECE + b"\r\n\r\ndata: " + whole + b"\r\n\r\n"
    told = [chunk.data for byte in data for chunk in decoder.feed(bytes([byte]))]
    assert (told, decoder.finish(), decoder.done, decoder.usage) == ([PIECE, whole], [], True, Usage(5, 5, reasoning=2))


@pytest.mark.parametrize("wanted", [1, 2])
def test_stream_without_all_reasons_is_interrupted(wanted):
    decoder = gemini().decoder(asked(stream=True, generationConfig={"candidateCount": wanted}), SSE)
    last = WHOLE.replace(b"\n", b"") if wanted == 2 else PIECE
    assert decoder.feed(b"data: " + last + b"\n\n")
    with pytest.raises(StreamInterrupted):
        decoder.finish()


def test_error_in_a_stream_waits_for_the_events_before_it():
    decoder = gemini().decoder(asked(stream=True), SSE)
    error = b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n'
    assert [chunk.data for chunk in decoder.feed(b"data: " + PIECE + b"\n\n" + error)] == [PIECE]
    with pytest.raises(GatewayError, match="overloaded"):
        decoder.finish()


def test_signatures_of_other_models_are_taken_out():
    parts = [
        {"functionCall": {"name": "f"}, "thoughtSignature": sealed("call", "x")},
        {"text": 'a "thoughtSignature": "c2x1aWNlZ2F0ZTE6" b', "thoughtSignature": "own+"},
    ]
    contents = [*CONTENTS, {"role": "model", "parts": parts}]
    body = msgspec.json.decode(gemini().encode(asked(contents=contents), TARGET).body)
    found = body["contents"][1]["parts"]
    assert found[0]["thoughtSignature"] == "skip_thought_signature_validator"
    assert found[1] == parts[1]


def test_count_of_a_whole_request_names_its_model():
    translator = gemini()
    plain = translator.encode(asked("count_generate"), TARGET)
    assert msgspec.json.decode(plain.body) == {"contents": CONTENTS}
    system = {"parts": [{"text": "Be brief"}]}
    whole = translator.encode(asked("count_generate", systemInstruction=system), Target("p", "gemini-3-pro"))
    assert whole.url.endswith("gemini-3-pro:countTokens")
    assert msgspec.json.decode(whole.body) == {
        "generateContentRequest": {"model": "models/gemini-3-pro", "contents": CONTENTS, "systemInstruction": system}
    }
    reply, usage = translator.decode(asked("count_generate"), JSON, b'{"totalTokens":7}')
    assert (reply.body, usage) == (b'{"totalTokens":7}', None)
