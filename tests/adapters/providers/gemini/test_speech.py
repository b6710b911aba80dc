"""OpenAI's requests for speech, by the models of Gemini that answer in sound."""

import io
import wave
from base64 import b64encode

import msgspec
import pytest
from google.genai import types

from sluicegate.pipeline.errors import GatewayError, InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.gemini.asking import gemini
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json; charset=UTF-8"})
ROOT = "https://generativelanguage.googleapis.com/v1beta/models"
SPEECH = {"model": "m", "input": "Hello", "voice": "Kore"}
SAMPLES = b"\x01\x00\xff\x7f"
L16 = "audio/L16;codec=pcm;rate=24000"
MODEL = "gemini-2.5-flash-preview-tts"


def sent(**fields) -> tuple[str, dict, str]:
    exchange = ask("speech", **SPEECH | fields)
    request = gemini().encode(exchange, Target("google", MODEL))
    return request.url, msgspec.json.decode(request.body), exchange.notes.get("dropped", "")


def answer(*sounds: bytes, kind: str = L16) -> dict:
    parts = [{"inlineData": {"mimeType": kind, "data": b64encode(sound).decode()}} for sound in sounds]
    counts = {"promptTokenCount": 2, "candidatesTokenCount": 30, "totalTokenCount": 32}
    return {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], "usageMetadata": counts}


def heard(body: object, **fields) -> tuple[bytes, str, Usage]:
    """Return the sound, its type and what it has cost; the answer comes byte by byte."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    decoder = gemini().decoder(ask("speech", **SPEECH | fields), JSON)
    assert [decoder.feed(data[at : at + 1]) for at in range(len(data))] == [[]] * len(data)
    sound = b"".join(chunk.data for chunk in decoder.finish())
    assert not decoder.done
    return sound, decoder.media_type, decoder.usage


def test_gemini_is_asked_to_say_it_in_a_chat():
    url, body, dropped = sent(response_format="wav", speed=1.5, instructions="Whisper.")
    assert url == f"{ROOT}/{MODEL}:generateContent"
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
        },
    }
    assert dropped == "speed, instructions"
    types.GenerationConfig.model_validate(body["generationConfig"])


@pytest.mark.parametrize(
    "fields",
    [{"response_format": "mp3"}, {"stream_format": "sse"}, {"voice": {"id": "mine"}}],
    ids=lambda fields: next(iter(fields)),
)
def test_what_cannot_be_had_is_refused(fields):
    with pytest.raises(InvalidRequest) as caught:
        sent(**fields)
    assert (caught.value.param, caught.value.code) == (next(iter(fields)), "unsupported_parameter")


@pytest.mark.parametrize("fields", [{}, {"response_format": "wav"}, {"stream_format": "audio"}])
def test_samples_leave_as_a_file_that_can_be_played(fields):
    sound, media_type, usage = heard(answer(SAMPLES, SAMPLES), **fields)
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24000, 2, 1)
        assert file.readframes(9) == SAMPLES + SAMPLES
    assert media_type == "audio/wav"
    assert usage == Usage(input=2, output=30, characters=5)


def test_samples_leave_bare_where_pcm_is_asked_for():
    assert heard(answer(SAMPLES), response_format="pcm")[:2] == (SAMPLES, "audio/pcm")


def test_another_rate_stands_in_the_file_and_is_no_pcm():
    slow = answer(SAMPLES, kind="audio/L16; rate=16000")
    with wave.open(io.BytesIO(heard(slow)[0])) as file:
        assert file.getframerate() == 16000
    with pytest.raises(UpstreamError, match="'google' has 16000 samples"):
        heard(slow, response_format="pcm")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"candidates": [{"finishReason": "PROHIBITED_CONTENT"}]}, "content_policy_violation"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "content_filter"),
    ],
)
def test_what_may_not_be_said_is_the_callers_fault(body, code):
    with pytest.raises(InvalidRequest) as caught:
        heard(body)
    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"candidates":7}',
        b'{"candidates":[',
        {},
        answer(),
        answer(b""),
        answer(SAMPLES, kind="audio/mpeg"),
        {"candidates": [{"finishReason": "OTHER"}]},
        {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": L16, "data": "=?"}}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]},
    ],
)
def test_what_is_no_sound_is_the_providers_error(body):
    with pytest.raises(UpstreamError, match="'google'"):
        heard(body)


def test_an_error_with_a_successful_status_is_one():
    with pytest.raises(GatewayError) as caught:
        heard({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}})
    assert caught.value.status == 429


def test_a_page_is_no_speech():
    with pytest.raises(UpstreamError, match="not JSON"):
        gemini().decoder(ask("speech", **SPEECH), UpstreamHead(200, {"content-type": "text/html"}))
