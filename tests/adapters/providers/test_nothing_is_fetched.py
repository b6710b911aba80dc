"""What a caller names by URL is never fetched by the gateway: it is told to the provider as a URL, or refused.

Whoever fetched it would do so from inside the operator's network, for anybody who may ask: server-side request forgery.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from sluicegate.cli.providers.matrix import SETTINGS, Cell, row_of, translator_of
from sluicegate.pipeline.registry import Registry
from tests.adapters.http.harness import house
from tests.adapters.providers.vertex.accounts import key_file
from tests.upstreams.faulty import FaultyUpstream, answer

TYPES = [name for name in Registry().provider_names() if name != "simulator"]
MODELS = {"bedrock": "anthropic.claude-sonnet-4-5", "vertex": "gemini-2.5-flash", "anthropic": "claude-sonnet-4-5"}
PATIENT = {"max_retries": 0, "circuit_breaker": {"failures": 100}}
TOKEN = answer(b'{"access_token":"ya29.example","expires_in":3599}')


@asynccontextmanager
async def trap() -> AsyncIterator[tuple[str, list[trio.SocketStream]]]:
    """Yield the address of a server that should hear nothing, and who has come nevertheless."""
    caught: list[trio.SocketStream] = []

    async def take(stream: trio.SocketStream) -> None:
        caught.append(stream)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, take, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}", caught
        nursery.cancel_scope.cancel()


def asked(url: str, model: str) -> list[tuple[str, dict]]:
    """Return requests of all dialects that name by URL what is looked at, read, listened to, or had of tools."""
    text = {"type": "text", "text": "What is this?"}
    image = {"type": "image_url", "image_url": {"url": f"{url}/a.png"}}
    sound = {"type": "input_audio", "input_audio": {"data": f"{url}/a.wav", "format": "wav"}}
    paper = {"type": "file", "file": {"file_data": f"{url}/a.pdf", "filename": "a.pdf"}}
    source = {"type": "url", "url": f"{url}/b.png"}
    own_image, document = {"type": "image", "source": source}, {"type": "document", "source": source}
    call = {"type": "tool_use", "id": "toolu_1", "name": "get", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [own_image]}
    tools = {"tools": [{"name": "get", "input_schema": {"type": "object"}}], "max_tokens": 9}
    called = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    part = {"fileData": {"fileUri": f"{url}/c.png", "mimeType": "image/png"}}
    seen = [{"type": "input_image", "image_url": f"{url}/d.png"}, {"type": "input_file", "file_url": f"{url}/d.pdf"}]
    requests = [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": [text, one]}]})
        for one in (image, sound, paper)
    ]
    requests += [
        ("/v1/messages", {"messages": [{"role": "user", "content": [text, one]}], "max_tokens": 9})
        for one in (own_image, document)
    ]
    requests.append(("/v1/messages", {"messages": [{"role": "user", "content": "Get it"}, *called], **tools}))
    requests += [("/v1/responses", {"input": [{"role": "user", "content": [one]}]}) for one in seen]
    told = [(path, {"model": model, **body}) for path, body in requests]
    return [*told, (f"/v1beta/models/{model}:generateContent", {"contents": [{"role": "user", "parts": [part]}]})]


@pytest.mark.parametrize("type_", TYPES)
async def test_what_is_named_by_url_is_not_fetched(type_):
    async with trap() as (url, caught):
        requests = asked(url, f"p/{MODELS.get(type_, 'any-model')}")
        scripts = [answer(b"{}") for _ in requests]
        upstream = FaultyUpstream(*([TOKEN, *scripts] if type_ == "vertex" else scripts))
        async with upstream.serving():
            given = {"api_key": "k-0123456789", **SETTINGS.get(type_, {}), "type": type_, "base_url": upstream.url}
            if type_ == "vertex":
                given = {"type": type_, "base_url": upstream.url, "credentials": key_file()}
            async with house(providers={"p": {**given, **PATIENT}}) as running:
                for path, body in requests:
                    reply = await running.ask("POST", path, body)
                    assert reply.status in (400, 502), (path, reply.body)
        assert not caught
        passed = [visit.body for visit in upstream.visits if url.encode() in visit.body]
        takes_urls = row_of(type_, translator_of(type_, Registry())).cells["images by URL"] is Cell.YES
        assert bool(passed) == takes_urls
        assert len(passed) == len([visit for visit in upstream.visits if b"grant_type" not in visit.body])
