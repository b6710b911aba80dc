"""Members of the family behind a gateway on a real socket, before an upstream on another."""

import json

import openai
import pytest

from tests.adapters.http.harness import house
from tests.adapters.providers.family.wires import WIRES
from tests.upstreams.faulty import FaultyUpstream, Wait, answer, stream
from tests.upstreams.keeper import Told, keeping

MESSAGE = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


async def test_azure_is_asked_by_deployment_and_its_stream_begins_with_the_answer():
    whole, streamed = WIRES["azure"].whole, WIRES["azure"].stream
    upstream = FaultyUpstream(answer(whole), stream(streamed[:50], Wait.READ, streamed[50:]))
    async with upstream.serving():
        root = upstream.url.removesuffix("/v1")
        azure = {"type": "azure", "base_url": root, "api_version": "2024-10-21", "api_key": "the-azure-key"}
        async with house(providers={"az": azure | {"model_mapping": {"gpt-4o": "my-deployment"}}}) as gateway:
            plain = await gateway.chat(model="az/gpt-4o")
            assert (plain.status, plain.json["choices"][0]["message"]["content"]) == (200, "Hi")
            events = (await gateway.chat(model="az/gpt-4o", stream=True)).events
            assert all(json.loads(event)["id"] == "az" for event in events[:-1])
            assert events[-1] == "[DONE]"
        for visit in upstream.visits:
            head = visit.head.decode()
            assert head.startswith("POST /openai/deployments/my-deployment/chat/completions?api-version=2024-10-21 ")
            assert "api-key: the-azure-key" in head
            assert "authorization" not in head


async def test_filtered_prompt_is_the_callers_error():
    upstream = FaultyUpstream(answer(WIRES["azure"].errors[400], 400))
    async with upstream.serving():
        azure = {"type": "azure", "base_url": upstream.url.removesuffix("/v1"), "api_key": "the-azure-key"}
        async with house(providers={"az": azure}) as gateway:
            refused = await gateway.chat(model="az/dep")
            assert (refused.status, refused.error["code"]) == (400, "content_filter")
        assert upstream.visits[0].head.startswith(b"POST /openai/v1/chat/completions ")


async def test_custom_server_serves_both_dialects():
    wire = WIRES["custom"]
    upstream = FaultyUpstream(answer(wire.whole), answer(wire.whole), stream(wire.stream), stream(wire.stream))
    async with upstream.serving():
        custom = {
            "type": "custom",
            "base_url": upstream.url,
            "api_key": "the-key",
            "auth": {"kind": "query", "name": "token"},
            "quirks": {"max_tokens": "max_tokens", "stream_options": False},
        }
        async with house(providers={"own": custom}, cache={"enabled": False}) as gateway:
            plain = await gateway.chat(model="own/m", max_completion_tokens=5)
            assert plain.json["choices"][0]["message"]["reasoning_content"] == "hm"
            message = await gateway.ask("POST", "/v1/messages", {**MESSAGE, "model": "own/m"})
            assert [block["type"] for block in message.json["content"]] == ["thinking", "text"]
            events = (await gateway.chat(model="own/m", stream=True, stream_options={"include_usage": True})).events
            assert json.loads(events[-2])["usage"]["total_tokens"] == 3
            streamed = await gateway.ask("POST", "/v1/messages", {**MESSAGE, "model": "own/m", "stream": True})
            assert streamed.body.rstrip().endswith(b'data: {"type":"message_stop"}')
        first, second, third, _ = (json.loads(visit.body) for visit in upstream.visits)
        assert (first["max_tokens"], second["max_tokens"]) == (5, 9)
        assert "stream_options" not in third
        assert all(b"/chat/completions?token=the-key " in visit.head for visit in upstream.visits)


async def test_upstream_that_speaks_nonsense_is_a_502_that_names_it_and_hides_the_key():
    page = b"<html><title>the-key is wrong</title></html>"
    upstream = FaultyUpstream(answer(page, media_type="text/html"), answer(b'{"choices":[{"mess', 200))
    async with upstream.serving():
        groq = {"type": "groq", "base_url": upstream.url, "api_key": "the-key", "max_retries": 0}
        async with house(providers={"fast": groq}) as gateway:
            for _ in range(2):
                failed = await gateway.chat(model="fast/m")
                assert (failed.status, failed.error["code"]) == (502, "upstream_error")
                assert "'fast'" in failed.error["message"]
                assert "the-key" not in failed.body.decode()


async def test_openrouter_draws_and_writes_down_for_openais_client():
    drawn = b'{"created":9,"data":[{"b64_json":"AA==","media_type":"image/png"}]}'
    written = b'{"text":"Hello","usage":{"seconds":2.5,"cost":0.001}}'
    async with keeping(lambda asked: Told(drawn if asked.target.endswith("/images") else written)) as upstream:
        router = {"type": "openrouter", "base_url": upstream.url, "api_key": "sk-or", "max_retries": 0}
        async with house(providers={"or": router}) as running:
            url = f"http://127.0.0.1:{running.port}/v1"
            async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
                images = await client.images.generate(model="or/a/painter", prompt="a cat", quality="hd")
                assert images.data[0].b64_json == "AA=="
                file = ("a.mp3", b"sound", "audio/mpeg")
                said = await client.audio.transcriptions.create(model="or/openai/whisper-1", file=file, language="en")
                assert said.text == "Hello"
                with pytest.raises(openai.BadRequestError, match="'or' has no response_format vtt"):
                    await client.audio.transcriptions.create(model="or/x", file=file, response_format="vtt")
            await running.until_idle()
            assert [one["audio_seconds"] for one in running.records] == [None, 2.5, None]
    assert [asked.target for asked in upstream.asked] == ["/v1/images", "/v1/audio/transcriptions"]
    assert b"sound" in upstream.asked[1].body
    assert b"openai/whisper-1" in upstream.asked[1].body
