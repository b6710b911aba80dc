"""Images to be changed, sent by OpenAI's own client as a form, to providers that want them in JSON."""

import base64
import json
from contextlib import asynccontextmanager

import openai
import pytest
import trio

from tests.adapters.http.harness import house
from tests.upstreams.keeper import Told, keeping

PNG = b"\x89PNG" + bytes(range(256)) * 300
DRAWN = b'{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}}]}'
ROUTED = b'{"created":9,"data":[{"b64_json":"AA==","media_type":"image/png"}],"usage":{"prompt_tokens":3}}'
KINDS = {
    "gemini": ({"type": "gemini", "api_key": "AIza-0123456789"}, DRAWN),
    "vertex": ({"type": "vertex", "project": "shop", "access_token": "ya29.static"}, DRAWN),
    "openrouter": ({"type": "openrouter", "api_key": "sk-or-0123456789"}, ROUTED),
}
PATHS = {
    "gemini": "/v1/models/painter:generateContent",
    "vertex": "/v1/projects/shop/locations/global/publishers/google/models/painter:generateContent",
    "openrouter": "/v1/images",
}


@asynccontextmanager
async def gateway(kind, answer=None, **settings):
    given, drawn = KINDS[kind]
    async with keeping(answer or Told(drawn)) as upstream:
        provider = {**given, "base_url": upstream.url, "retry_delay": "0s", **settings}
        async with house(providers={"p": provider}) as running:
            url = f"http://127.0.0.1:{running.port}/v1"
            async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
                yield client, upstream, running


def images_of(body) -> list[tuple[str, bytes]]:
    """Return the media types and the bytes of the images in a request."""
    if "input_references" in body:
        urls = [one["image_url"]["url"] for one in body["input_references"]]
        pairs = [url.removeprefix("data:").split(";base64,") for url in urls]
    else:
        parts = [part["inlineData"] for part in body["contents"][0]["parts"] if "inlineData" in part]
        pairs = [(part["mimeType"], part["data"]) for part in parts]
    return [(kind, base64.b64decode(data, validate=True)) for kind, data in pairs]


@pytest.mark.parametrize("kind", KINDS)
async def test_images_go_up_in_json_and_come_back_changed(kind):
    async with gateway(kind) as (client, upstream, running):
        files = [("a.png", PNG, "image/png"), ("b.JPG", b"jpeg", "application/octet-stream")]
        changed = await client.images.edit(model="p/painter", image=files, prompt='bluer "sky"', n=1, size="1024x1024")
        assert changed.data[0].b64_json == "AA=="
        (asked,) = upstream.asked
        assert asked.target == PATHS[kind]
        assert asked.headers["content-type"] == "application/json"
        body = json.loads(asked.body)
        assert images_of(body) == [("image/png", PNG), ("image/jpeg", b"jpeg")]
        if kind == "openrouter":
            assert {name: body[name] for name in body.keys() - {"input_references"}} == {
                "model": "painter",
                "prompt": 'bluer "sky"',
                "n": 1,
                "size": "1024x1024",
            }
        else:
            assert body["contents"][0]["parts"][-1] == {"text": 'bluer "sky"'}
            assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "1:1"}
        await running.until_idle()
        assert running.records[0]["images"] == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_mask_and_images_by_url_are_refused_and_hints_left_out(kind):
    async with gateway(kind) as (client, upstream, _):
        asked = {"model": "p/painter", "image": ("a.png", PNG), "prompt": "bluer"}
        for field, value in (("mask", ("m.png", PNG)), ("response_format", "url")):
            with pytest.raises(openai.BadRequestError, match=f"'p' has no {field}"):
                await client.images.edit(**asked, **{field: value})
        assert not upstream.asked
        raw = await client.images.with_raw_response.edit(**asked, input_fidelity="high")
        assert raw.headers["x-sluicegate-dropped"] == "input_fidelity"


@pytest.mark.parametrize("kind", KINDS)
async def test_images_go_up_again_whole_where_the_first_attempt_failed(kind):
    answers = iter([Told(b'{"error":{"message":"overloaded"}}', 503), Told(KINDS[kind][1])])
    async with gateway(kind, lambda _: next(answers)) as (client, upstream, _):
        with trio.fail_after(10):
            await client.images.edit(model="p/painter", image=("a.png", PNG, "image/png"), prompt="bluer")
        assert [images_of(json.loads(asked.body)) for asked in upstream.asked] == [[("image/png", PNG)]] * 2


@pytest.mark.parametrize("kind", ["gemini", "vertex"])
async def test_imagen_changes_none(kind):
    async with gateway(kind) as (client, upstream, _):
        with pytest.raises(openai.BadRequestError, match="'p' has no operation 'image_edit'"):
            await client.images.edit(model="p/imagen-4.0-generate-001", image=("a.png", PNG), prompt="bluer")
        assert not upstream.asked
