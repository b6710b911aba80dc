"""Speech by the models that Vertex AI has of Google's own."""

import msgspec
import pytest

from sluicegate.pipeline.errors import UnsupportedEndpoint
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.vertex.accounts import vertex
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
ROOT = "https://aiplatform.googleapis.com/v1/projects/shop/locations/global/publishers/google/models/"
SPEECH = {"model": "m", "input": "Hello", "voice": "Kore", "response_format": "pcm"}


def test_a_model_is_asked_to_say_it_in_a_chat():
    request = vertex().encode(ask("speech", **SPEECH), Target("cloud", "gemini-2.5-flash-tts"))
    assert request.url == f"{ROOT}gemini-2.5-flash-tts:generateContent"
    config = msgspec.json.decode(request.body)["generationConfig"]
    assert config["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"] == {"voiceName": "Kore"}


def test_what_was_said_leaves_as_bytes():
    decoder = vertex().decoder(ask("speech", **SPEECH), JSON)
    blob = b'{"mimeType":"audio/L16;rate=24000","data":"AQI="}'
    decoder.feed(b'{"candidates":[{"content":{"parts":[{"inlineData":' + blob + b"}]}}]}")
    assert [chunk.data for chunk in decoder.finish()] == [b"\x01\x02"]
    assert (decoder.media_type, decoder.usage) == ("audio/pcm", Usage(characters=5))


def test_claude_says_nothing():
    with pytest.raises(UnsupportedEndpoint, match="'speech'"):
        vertex().encode(ask("speech", **SPEECH), Target("cloud", "claude-sonnet-4-5"))
