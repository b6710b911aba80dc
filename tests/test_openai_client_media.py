"""The official client asks for images, speech and moderations, of a gateway on a real socket."""

import base64
import io
import struct
import wave
import zlib

import httpx2
import openai
import pytest

from tests.adapters.http.harness import house
from tests.test_openai_client import gateway
from tests.upstreams.faulty import LAST_CHUNK, Break, FaultyUpstream, answer, chunked, head

# The client leaves its own generators to the garbage collector when it has read the end, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

SOUND_HEAD = head(media_type="audio/mpeg", transfer_encoding="chunked")


def pixels(png: bytes) -> bytes:
    """Return what a PNG holds; its checksums must be right."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, part = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + part),)
        data += part if kind == b"IDAT" else b""
        at += 12 + length
    return zlib.decompress(data)


async def test_images_are_pictures_with_usage():
    async with gateway() as (client, running):
        made = await client.images.generate(model="sim/any", prompt="a red cat", n=2)
        assert [len(pixels(base64.b64decode(image.b64_json))) for image in made.data] == [784, 784]
        assert made.data[0].b64_json != made.data[1].b64_json
        assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens > 0
        await running.until_idle()
        assert (running.records[-1]["operation"], running.records[-1]["images"]) == ("image", 2)


async def test_images_come_as_named_events_and_nothing_else():
    async with gateway() as (client, running):
        stream = await client.images.generate(model="sim/any", prompt="a cat", stream=True, partial_images=2)
        assert [event.type async for event in stream] == [
            "image_generation.partial_image",
            "image_generation.partial_image",
            "image_generation.completed",
        ]
        asked = {"model": "sim/any", "prompt": "a cat", "stream": True}
        key = [("authorization", "Bearer the-key-of-the-tests")]
        raw = await running.ask("POST", "/v1/images/generations", asked, key)
        assert raw.complete
        assert raw.body.startswith(b"event: image_generation.completed\n")
        assert b"[DONE]" not in raw.body


async def test_speech_is_streamed_sound():
    async with gateway() as (client, running):
        asked = {"model": "sim/any", "voice": "alloy", "input": "five words make five beeps"}
        async with client.audio.speech.with_streaming_response.create(**asked) as response:
            assert response.headers["content-type"] == "audio/wav"
            pieces = [piece async for piece in response.iter_bytes()]
        with wave.open(io.BytesIO(b"".join(pieces))) as sound:
            assert (sound.getframerate(), sound.getnframes()) == (8000, 5 * 400)
        bare = await client.audio.speech.create(**asked, response_format="pcm")
        assert bare.content == b"".join(pieces)[44:]
        await running.until_idle()
        assert (running.records[-1]["characters"], running.records[-1]["cache"]) == (len(asked["input"]), None)


async def test_moderations_have_every_category():
    async with gateway() as (client, _):
        judged = await client.moderations.create(model="sim/any", input=["I hate you", "hello"])
        assert [result.flagged for result in judged.results] == [True, False]
        assert judged.results[0].categories.hate is True
        assert judged.results[0].category_scores.violence_graphic < 0.5


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
async def test_documents_are_put_in_order_once_and_then_from_the_cache(path):
    async with house() as running:
        asked = {"model": "sim/any", "query": "red cat", "documents": ["a dog", {"text": "the red cat"}], "top_n": 1}
        first = await running.ask("POST", path, asked)
        assert [result["index"] for result in first.json["results"]] == [1]
        assert first.json["meta"] == {"billed_units": {"search_units": 1}}
        assert first.json["usage"] == {"total_tokens": 7}
        again = await running.ask("POST", path, asked)
        assert (again.headers["x-sluicegate-cache"], again.body) == ("hit", first.body)


async def test_errors_are_of_the_clients_own_kinds():
    async with gateway() as (client, _):
        with pytest.raises(openai.BadRequestError, match="the simulator speaks wav and pcm"):
            await client.audio.speech.create(model="sim/any", voice="v", input="hi", response_format="mp3")
        with pytest.raises(openai.BadRequestError, match="partial_images: only allowed when stream is true"):
            await client.images.generate(model="sim/any", prompt="a cat", partial_images=1)


async def test_speech_fails_over_before_its_first_byte_and_passes_as_it_came():
    bad = FaultyUpstream(answer(b"<html>", media_type="text/html"), [SOUND_HEAD, Break.RST], [SOUND_HEAD + LAST_CHUNK])
    good = FaultyUpstream(*[[SOUND_HEAD, chunked(b"\x00\xff\r\n"), 0.05, chunked(b"data: x"), LAST_CHUNK]] * 3)
    async with bad.serving(), good.serving(), speaking(bad, good) as running:
        for _ in range(3):
            sound = await running.ask("POST", "/v1/audio/speech", SPEECH)
            assert (sound.status, sound.headers["content-type"], sound.complete) == (200, "audio/mpeg", True)
            assert (sound.body, sound.headers["x-sluicegate-provider"]) == (b"\x00\xff\r\ndata: x", "p1")
        assert len(bad.visits) == len(good.visits) == 3


@pytest.mark.parametrize("cut", [Break.FIN, Break.RST])
async def test_a_cut_speech_never_looks_complete(cut):
    bad = FaultyUpstream(*[[SOUND_HEAD, chunked(b"begun"), 0.05, cut]] * 2)
    async with bad.serving(), speaking(bad) as running:
        sound = await running.ask("POST", "/v1/audio/speech", SPEECH)
        assert (sound.status, sound.complete, b"error" in sound.body) == (200, False, False)
        url = f"http://127.0.0.1:{running.port}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
            with pytest.raises(httpx2.TransportError):
                await heard(client)
        await running.until_idle()
        assert [(one["outcome"], one["code"]) for one in running.records] == [("failed", "stream_interrupted")] * 2
        await running.assert_well()


async def test_an_operation_that_nobody_has_is_named_with_who_lacks_it():
    sections = {"providers": {"p0": {"type": "groq", "api_key": "k"}}}
    async with house(**sections) as running:
        refused = await running.ask("POST", "/v1/images/generations", {"model": "p0/m", "prompt": "a cat"})
        assert (refused.status, refused.error["code"]) == (400, "unsupported_endpoint")
        assert "'p0'" in refused.error["message"]
        assert "'image'" in refused.error["message"]


SPEECH = {"model": "voice", "voice": "alloy", "input": "hello"}


async def heard(client: openai.AsyncOpenAI) -> bytes:
    async with client.audio.speech.with_streaming_response.create(**SPEECH) as response:
        return b"".join([piece async for piece in response.iter_bytes()])


def speaking(*upstreams: FaultyUpstream):
    """Run a gateway whose model `voice` is asked of these upstreams, in order."""
    providers = {
        f"p{place}": {"type": "openai", "base_url": one.url, "max_retries": 0} for place, one in enumerate(upstreams)
    }
    targets = [f"{name}/m" for name in providers]
    return house(providers=providers, models={"voice": {"strategy": "fallback", "targets": targets}})
