"""Mistral's speech, which comes in JSON."""

from base64 import b64encode

import msgspec
import pytest
from mistralai.client import models

from sluicegate.pipeline.errors import GatewayError, InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.family.wires import build
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
SPEECH = {"model": "m", "input": "Hello", "voice": "gb_jane_neutral"}


def sent(**fields) -> tuple[str, dict, str]:
    exchange = ask("speech", **SPEECH | fields)
    request = build("mistral").encode(exchange, Target("upstream", "voxtral-mini-tts-3-0"))
    body = msgspec.json.decode(request.body)
    assert models.SpeechRequest.model_validate(body).additional_properties == {}
    return request.url, body, exchange.notes.get("dropped", "")


def heard(body: bytes, **fields) -> tuple[list[bytes], str, Usage | None]:
    decoder = build("mistral").decoder(ask("speech", **SPEECH | fields), JSON)
    assert decoder.feed(body[:9]) + decoder.feed(body[9:]) == []
    return [chunk.data for chunk in decoder.finish()], decoder.media_type, decoder.usage


def test_a_voice_is_named_by_its_id_and_mp3_is_what_openai_would_send():
    url, body, dropped = sent(speed=2.0, instructions="soft", stream_format="audio")
    assert url == "https://api.mistral.ai/v1/audio/speech"
    assert body == {
        "model": "voxtral-mini-tts-3-0",
        "input": "Hello",
        "voice_id": "gb_jane_neutral",
        "response_format": "mp3",
    }
    assert dropped == "instructions, speed"


def test_a_voice_of_the_callers_own_and_mistrals_own_options_are_told():
    _, body, _ = sent(voice={"id": "mine"}, response_format="wav", expressiveness=3.0)
    assert (body["voice_id"], body["response_format"], body["expressiveness"]) == ("mine", "wav", 3.0)


@pytest.mark.parametrize(
    "fields", [{"response_format": "pcm"}, {"response_format": "aac"}, {"stream_format": "sse"}], ids=str
)
def test_what_cannot_be_had_is_refused(fields):
    with pytest.raises(InvalidRequest) as caught:
        sent(**fields)
    assert (caught.value.param, caught.value.code) == (next(iter(fields)), "unsupported_parameter")


@pytest.mark.parametrize(
    ("fields", "media_type"),
    [({}, "audio/mpeg"), ({"response_format": "flac"}, "audio/flac"), ({"response_format": "opus"}, "audio/opus")],
)
def test_sound_leaves_as_bytes_under_the_type_that_was_asked_for(fields, media_type):
    body = msgspec.json.encode(models.SpeechResponse(audio_data=b64encode(b"\xff\xf3").decode()).model_dump())
    assert heard(body, **fields) == ([b"\xff\xf3"], media_type, Usage(characters=5))


@pytest.mark.parametrize(
    "body", [b"<html></html>", b"[1, 2, 3, 4]", b'{"audio_data":7}', b'{"audio_data":"=?"}', b"{}"]
)
def test_what_is_no_sound_is_the_providers_error(body):
    with pytest.raises(UpstreamError, match="'upstream'"):
        heard(body)


def test_an_error_with_a_successful_status_is_one():
    with pytest.raises(GatewayError, match="no such voice"):
        heard(b'{"error":{"message":"no such voice"}}')


def test_a_page_is_no_speech():
    with pytest.raises(UpstreamError, match="text/html"):
        build("mistral").decoder(ask("speech", **SPEECH), UpstreamHead(200, {"content-type": "text/html"}))
