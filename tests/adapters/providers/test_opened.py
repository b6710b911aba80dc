"""With `proxy: true` all of a provider's API is open, below the provider's own base, with the gateway's key."""

import pytest

from tests.adapters.http.harness import house
from tests.upstreams.faulty import FaultyUpstream, answer

OPENED = {
    "cohere": ("/v1/datasets", "authorization: Bearer k-0123456789"),
    "gemini": ("/v1beta/files", "x-goog-api-key: k-0123456789"),
    "ollama": ("/api/tags", "authorization: Bearer k-0123456789"),
}


@pytest.mark.parametrize("type_", OPENED)
async def test_all_of_an_api_is_open_with_the_gateways_key(type_):
    path, key = OPENED[type_]
    upstream = FaultyUpstream(answer(b'{"some":"thing"}'))
    async with upstream.serving():
        root = upstream.url.removesuffix("/v1")
        settings = {"type": type_, "base_url": root, "api_key": "k-0123456789", "proxy": True}
        async with house(providers={"p": settings}) as running:
            reply = await running.ask("GET", f"/v1/proxy/p{path}?a=b", None)
    assert (reply.status, reply.body) == (200, b'{"some":"thing"}')
    (visit,) = upstream.visits
    told = visit.head.decode()
    assert told.startswith(f"GET {path}?a=b HTTP/1.1")
    assert key in told


@pytest.mark.parametrize("type_", OPENED)
async def test_unless_it_is_opened_nothing_is_passed(type_):
    settings = {"type": type_, "base_url": "http://127.0.0.1:9", "api_key": "k-0123456789"}
    async with house(providers={"p": settings}) as running:
        reply = await running.ask("GET", f"/v1/proxy/p{OPENED[type_][0]}", None)
    assert reply.error["code"] == "not_open"
