"""Images of Amazon's models, and of Stability's."""

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest, UnsupportedEndpoint, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.bedrock.asking import bedrock
from tests.conformance.provider_sample import ask

NOVA, TITAN = "amazon.nova-canvas-v1:0", "amazon.titan-image-generator-v2:0"
SD3, CORE = "stability.sd3-5-large-v1:0", "us.stability.stable-image-core-v1:1"
JSON = UpstreamHead(200, {"content-type": "application/json"})


def asking(**fields: object):
    return ask("image", **{"model": "ours", "prompt": "a cat", **fields})


def asked(model: str, **fields: object) -> tuple[dict, str | None]:
    exchange = asking(**fields)
    request = bedrock().encode(exchange, Target("aws", model))
    assert request.url.endswith("/invoke")
    return msgspec.json.decode(request.body), exchange.notes.get("dropped")


def decoded(body: object, **fields: object):
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    reply, usage = bedrock().decode(asking(**fields), JSON, raw)
    return msgspec.json.decode(reply.body), usage


@pytest.mark.parametrize("model", [NOVA, TITAN])
def test_amazons_models_are_asked_in_their_words(model):
    body, dropped = asked(model, n=2, size="1280x720", quality="hd")
    assert body == {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "a cat"},
        "imageGenerationConfig": {"numberOfImages": 2, "width": 1280, "height": 720, "quality": "premium"},
    }
    assert dropped is None
    assert asked(model, size="auto", quality="auto")[0]["imageGenerationConfig"] == {"numberOfImages": 1}


@pytest.mark.parametrize("model", [SD3, CORE])
def test_stabilitys_models_are_asked_in_theirs(model):
    body, dropped = asked(model, size="1792x1024", output_format="jpeg", n=1)
    assert body == {"prompt": "a cat", "aspect_ratio": "16:9", "output_format": "jpeg"}
    assert dropped is None
    assert asked(model)[0] == {"prompt": "a cat"}


def test_hints_are_left_out_and_said_to_be():
    assert asked(NOVA, style="vivid", user="u", output_format="webp", quality="odd")[1] == (
        "style, user, output_format, quality"
    )
    assert asked(SD3, quality="hd", output_format="webp")[1] == "quality, output_format"


@pytest.mark.parametrize(
    ("model", "fields", "named"),
    [
        (NOVA, {"n": 6}, "n above 5"),
        (SD3, {"n": 2}, "n above 1"),
        (NOVA, {"size": "huge"}, "size"),
        (SD3, {"size": "0x5"}, "size"),
        (NOVA, {"response_format": "url"}, "response_format"),
        (SD3, {"stream": True}, "stream"),
    ],
)
def test_what_changes_the_images_is_refused(model, fields, named):
    with pytest.raises(InvalidRequest, match=f"'aws' has no {named}"):
        asked(model, **fields)


@pytest.mark.parametrize("model", ["anthropic.claude-x", "stability.stable-image-inpaint-v1:0"])
def test_models_that_do_not_draw_are_refused(model):
    with pytest.raises(UnsupportedEndpoint, match="knows no images"):
        asked(model)


@pytest.mark.parametrize(
    "body",
    [
        {"images": ["AA==", "AQ=="], "error": None},
        {"images": ["AA==", "AQ=="], "finish_reasons": [None, None], "seeds": [1, 2]},
        {"images": ["AA==", "AQ=="], "error": "one of three was blocked"},
    ],
)
def test_images_come_as_openai_has_them(body):
    found, usage = decoded(body)
    assert found["data"] == [{"b64_json": "AA=="}, {"b64_json": "AQ=="}]
    assert usage == Usage(images=2)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"images": [], "error": "blocked by our filters"}, "blocked by our filters"),
        ({"error": "blocked by our filters"}, "blocked by our filters"),
        ({"finish_reasons": ["Filter reason: prompt"]}, "Filter reason: prompt"),
        ({"images": [""], "finish_reasons": ["Filter reason: output image"]}, "Filter reason: output image"),
    ],
)
def test_what_may_not_be_drawn_is_the_callers_matter(body, why):
    with pytest.raises(InvalidRequest, match=why) as caught:
        decoded(body)
    assert caught.value.code == "content_policy_violation"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"<html>", b'{"images":[1]}'),
        {"finish_reasons": ["Inference error"]},
        {"finish_reasons": [None]},
    ],
)
def test_images_that_are_none_are_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'aws'"):
        decoded(body)
