"""Rankings on real sockets: callers of two kinds, the gateway, and a server that speaks Cohere's API."""

from contextlib import asynccontextmanager

import cohere as official
import httpx
import msgspec
import pytest

from sluicegate.library import Client
from tests.adapters.http.harness import house
from tests.adapters.providers.cohere.asking import KEY
from tests.upstreams.faulty import FaultyUpstream, answer

DOCUMENTS = ["a dog", {"text": "the red cat", "id": 7}]
RANKED = msgspec.json.encode(
    {
        "id": "r1",
        "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
    }
)
ASKED = {"model": "co/rerank-v3.5", "query": "cat", "documents": DOCUMENTS, "top_n": 2}


@asynccontextmanager
async def before(upstream: FaultyUpstream, **more: object):
    """Yield a running gateway before the upstream."""
    async with upstream.serving():
        told = {"type": "cohere", "base_url": upstream.url.removesuffix("/v1"), "api_key": KEY, "max_retries": 0}
        async with house(providers={"co": told}, **more) as running:
            yield running


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
async def test_a_ranking_is_cohere_s_with_the_callers_documents_and_is_kept(path):
    upstream = FaultyUpstream(answer(RANKED))
    async with before(upstream) as running:
        first = await running.ask("POST", path, {**ASKED, "return_documents": True})
        again = await running.ask("POST", path, {**ASKED, "return_documents": True})
    assert first.status == 200
    assert first.json["model"] == "co/rerank-v3.5"
    assert first.json["results"] == [
        {"index": 1, "relevance_score": 0.9, "document": {"text": "the red cat", "id": 7}},
        {"index": 0, "relevance_score": 0.1, "document": {"text": "a dog"}},
    ]
    assert first.json["meta"]["billed_units"] == {"search_units": 1}
    assert first.headers["x-sluicegate-provider"] == "co"
    assert (again.headers["x-sluicegate-cache"], again.body) == ("hit", first.body)
    (visit,) = upstream.visits
    assert visit.head.startswith(b"POST /v2/rerank HTTP/1.1\r\n")
    assert b"authorization: Bearer " + KEY.encode() in visit.head
    told = {"model": "rerank-v3.5", "query": "cat", "documents": ["a dog", "the red cat"], "top_n": 2}
    assert msgspec.json.decode(visit.body) == told


async def test_cohere_s_own_client_ranks_through_the_gateway():
    async with before(FaultyUpstream(answer(RANKED))) as running, httpx.AsyncClient() as sockets:
        url = f"http://127.0.0.1:{running.port}"
        client = official.AsyncClientV2(api_key="any", base_url=url, httpx_client=sockets)
        told = await client.rerank(model="co/rerank-v3.5", query="cat", documents=["a dog", "the red cat"])
    assert [(place.index, place.relevance_score) for place in told.results] == [(1, 0.9), (0, 0.1)]


async def test_a_program_is_told_the_same():
    async with before(FaultyUpstream(answer(RANKED))) as running:
        ranking = await Client(running.gateway).rerank("co/rerank-v3.5", "cat", DOCUMENTS, top_n=2)
    assert (ranking.provider, [place["index"] for place in ranking.results]) == ("co", [1, 0])


async def test_what_is_wrong_is_told_by_its_place_and_sent_nowhere():
    upstream = FaultyUpstream()
    async with before(upstream) as running:
        for wrong, param in (
            ({"documents": ["a", {"title": "b"}]}, "documents[1].text"),
            ({"rank_fields": ["title"]}, "rank_fields"),
            ({"documents": []}, "documents"),
            ({"top_n": 0}, "top_n"),
        ):
            told = await running.ask("POST", "/v1/rerank", {**ASKED, **wrong})
            assert (told.status, told.json["error"]["param"]) == (400, param)
    assert not upstream.visits


async def test_an_answer_that_ranks_what_was_not_sent_is_the_provider_s_fault():
    wrong = b'{"results":[{"index":5,"relevance_score":1}]}'
    async with before(FaultyUpstream(answer(wrong))) as running:
        told = await running.ask("POST", "/v1/rerank", ASKED)
    assert told.status == 502
    assert "'co'" in told.json["error"]["message"]
