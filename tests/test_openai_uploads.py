"""The official client sends files: to the simulator, and through the gateway to a provider that keeps them."""

import io
import json
from contextlib import asynccontextmanager

import openai
import pytest

from tests.adapters.http.harness import house
from tests.upstreams.keeper import Told, keeping

# The client leaves its own generators to the garbage collector when it has read `[DONE]`, and trio says so.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator '(openai|http):ResourceWarning")

FAST = {"sim": {"type": "simulator", "first_token": "1ms", "tokens_per_second": 5000, "tokens": 12}}
SOUND = bytes(range(256)) * 200


@asynccontextmanager
async def client_of(**providers):
    async with house(providers=providers or FAST) as running:
        url = f"http://127.0.0.1:{running.port}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
            yield client


def sound():
    return ("speech.mp3", io.BytesIO(SOUND), "audio/mpeg")


async def test_a_transcription_in_each_form():
    async with client_of() as client:
        ask = client.audio.transcriptions.create
        plain = await ask(model="sim/whisper", file=sound())
        assert plain.text.endswith(".")
        assert plain.usage.type == "duration"
        assert plain.usage.seconds == 4
        assert (await ask(model="sim/whisper", file=sound())).text == plain.text
        assert (await ask(model="sim/whisper", file=("other.mp3", b"other"))).text != plain.text
        assert await ask(model="sim/whisper", file=sound(), response_format="text") == plain.text + "\n"
        assert (await ask(model="sim/whisper", file=sound(), response_format="vtt")).startswith(
            "WEBVTT\n\n00:00:00.000"
        )
        assert "00:00:04,000" in await ask(model="sim/whisper", file=sound(), response_format="srt")
        verbose = await ask(
            model="sim/whisper",
            file=sound(),
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
            temperature=0.5,
        )
        assert (verbose.text, verbose.duration, verbose.segments[0].end) == (plain.text, 4, 4.0)
        assert [word.word for word in verbose.words] == plain.text.split()


async def test_a_transcription_comes_as_a_stream():
    async with client_of() as client:
        plain = await client.audio.transcriptions.create(model="sim/whisper", file=sound())
        stream = await client.audio.transcriptions.create(model="sim/whisper", file=sound(), stream=True)
        events = [event async for event in stream]
    assert [event.type for event in events] == ["transcript.text.delta"] * 12 + ["transcript.text.done"]
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == plain.text
    assert events[-1].usage.seconds == 4


async def test_a_translation_and_an_edited_image():
    async with client_of() as client:
        with pytest.warns(
            DeprecationWarning, match="deprecated"
        ):  # of the client, by which it tells of its service's own plans
            assert (await client.audio.translations.create(model="sim/whisper", file=sound())).text
        image = ("a.png", b"\x89PNG", "image/png")
        one = await client.images.edit(model="sim/painter", image=image, prompt="bluer")
        two = await client.images.edit(model="sim/painter", image=[image, image], mask=image, prompt="bluer", n=1)
        assert one.data[0].b64_json
        assert two.data[0].b64_json != one.data[0].b64_json
        assert one.usage.input_tokens == 1


async def test_an_error_of_a_form_is_the_clients_own_exception():
    async with client_of() as client:
        with pytest.raises(openai.BadRequestError) as raised:
            await client.audio.transcriptions.create(model="sim/whisper", file=sound(), temperature=7)
        assert raised.value.param == "temperature"
        with pytest.raises(openai.NotFoundError):
            await client.audio.transcriptions.create(model="nobody/whisper", file=sound())


FILE = {"id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "b.jsonl", "purpose": "batch"}
BATCH = {
    "id": "batch_1",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "input_file_id": "file-1",
    "completion_window": "24h",
    "status": "validating",
    "created_at": 1,
}


def provider(asked):
    if asked.target.endswith("/content"):
        return Told(b'{"custom_id":"1"}\n\x00', media_type="application/octet-stream")
    if asked.method == "DELETE":
        return Told(json.dumps({"id": "file-1", "object": "file", "deleted": True}).encode())
    one = BATCH if "/batches" in asked.target else {**FILE, "status": "processed"}
    listed = asked.method == "GET" and asked.target.partition("?")[0].count("/") == 2
    return Told(json.dumps({"object": "list", "data": [one], "has_more": False} if listed else one).encode())


async def test_files_and_batches_live_with_the_provider():
    async with keeping(provider) as upstream:
        settings = {"type": "openai", "base_url": upstream.url, "api_key": "sk-ours"}
        async with client_of(up=settings, **FAST) as client:
            made = await client.files.create(file=("b.jsonl", b'{"a":1}\n'), purpose="batch")
            assert (made.id, made.filename) == ("file-1", "b.jsonl")
            assert [file.id async for file in client.files.list(limit=3)] == ["file-1"]
            assert (await client.files.retrieve("file-1")).purpose == "batch"
            assert (await client.files.content("file-1")).content == b'{"custom_id":"1"}\n\x00'
            assert (await client.files.delete("file-1")).deleted
            batch = await client.batches.create(
                input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h"
            )
            assert batch.status == "validating"
            assert [one.id async for one in client.batches.list()] == ["batch_1"]
            assert (await client.batches.retrieve("batch_1")).id == "batch_1"
            named = {"x-sluicegate-provider": "up"}
            assert (await client.batches.cancel("batch_1", extra_headers=named)).id == "batch_1"
    sent = [(asked.method, asked.target.partition("?")[0]) for asked in upstream.asked]
    assert sent == [
        ("POST", "/v1/files"),
        ("GET", "/v1/files"),
        ("GET", "/v1/files/file-1"),
        ("GET", "/v1/files/file-1/content"),
        ("DELETE", "/v1/files/file-1"),
        ("POST", "/v1/batches"),
        ("GET", "/v1/batches"),
        ("GET", "/v1/batches/batch_1"),
        ("POST", "/v1/batches/batch_1/cancel"),
    ]
    assert {asked.headers["authorization"] for asked in upstream.asked} == {"Bearer sk-ours"}
    assert b'{"a":1}\n' in upstream.asked[0].body
    assert upstream.asked[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert json.loads(upstream.asked[5].body)["input_file_id"] == "file-1"
