"""OpenAI's requests for images, by Imagen and by the models of Gemini that draw."""

import msgspec
import pytest
from google.genai import types

from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.gemini.asking import gemini
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
ROOT = "https://generativelanguage.googleapis.com/v1beta/models"
IMAGE = {"model": "m", "prompt": "a cat"}


def sent(model: str, **fields) -> tuple[str, dict, str]:
    exchange = ask("image", **IMAGE, **fields)
    request = gemini().encode(exchange, Target("google", model))
    return request.url, msgspec.json.decode(request.body), exchange.notes.get("dropped", "")


def answered(body: object) -> tuple[dict, Usage | None]:
    reply, usage = gemini().decode(ask("image", **IMAGE), JSON, msgspec.json.encode(body))
    return msgspec.json.decode(reply.body), usage


def test_imagen_is_asked_to_predict():
    url, body, dropped = sent("imagen-4.0-generate-001", n=2, size="1536x1024", quality="high")
    assert url == ROOT + "/imagen-4.0-generate-001:predict"
    assert body == {"instances": [{"prompt": "a cat"}], "parameters": {"sampleCount": 2, "aspectRatio": "4:3"}}
    assert dropped == "quality"


def test_gemini_is_asked_to_draw_in_a_chat():
    url, body, _ = sent("gemini-2.5-flash-image", size="1024x1024")
    assert url == ROOT + "/gemini-2.5-flash-image:generateContent"
    assert body["generationConfig"] == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "1:1"},
    }
    types.Content.model_validate(body["contents"][0])
    types.GenerateContentConfig.model_validate(body["generationConfig"])


@pytest.mark.parametrize(
    "fields",
    [{"n": 2}, {"size": "huge"}, {"response_format": "url"}, {"stream": True}],
    ids=lambda fields: next(iter(fields)),
)
def test_what_cannot_be_had_is_refused(fields):
    with pytest.raises(InvalidRequest) as caught:
        sent("gemini-2.5-flash-image", **fields)
    assert caught.value.param == next(iter(fields))


def test_predictions_and_drawn_parts_become_openais_images():
    told, usage = answered({"predictions": [{"bytesBase64Encoded": "AA==", "mimeType": "image/png"}]})
    assert told["data"] == [{"b64_json": "AA=="}]
    assert usage == Usage(images=1)
    parts = [{"text": "Here"}, {"thought": True, "inlineData": {"data": "BB=="}}, {"inlineData": {"data": "AQ=="}}]
    counts = {"promptTokenCount": 3, "candidatesTokenCount": 1290, "totalTokenCount": 1293}
    told, usage = answered({"candidates": [{"content": {"parts": parts}}], "usageMetadata": counts})
    assert told["data"] == [{"b64_json": "AQ=="}]
    assert (told["usage"]["total_tokens"], usage.input, usage.images) == (1293, 3, 1)


@pytest.mark.parametrize("body", [{}, {"predictions": []}, {"candidates": [{"finishReason": "IMAGE_SAFETY"}]}])
def test_images_that_are_missing_were_filtered(body):
    with pytest.raises(InvalidRequest) as caught:
        answered(body)
    assert (caught.value.status, caught.value.code) == (400, "content_policy_violation")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"predictions":7}', b'{"other":1}', b'{"predictions":['])
def test_what_is_no_answer_is_the_providers_error(body):
    with pytest.raises(UpstreamError, match="'google'"):
        gemini().decode(ask("image", **IMAGE), JSON, body)
