"""The whole way on real sockets: the token is had from one place, the answer from another, both on one server."""

from urllib.parse import parse_qs

import msgspec
from google.auth import jwt

from tests.adapters.http.harness import house
from tests.adapters.providers.gemini.test_sockets import PLAIN, chunked, plain
from tests.adapters.providers.gemini.test_stream import VERTEX
from tests.adapters.providers.vertex.accounts import EMAIL, key_file, pems
from tests.adapters.providers.vertex.test_claude import STREAM
from tests.upstreams.faulty import FaultyUpstream

GRANTED = b'{"access_token":"ya29.example","expires_in":3599,"token_type":"Bearer"}'


def providers(upstream: FaultyUpstream, **settings: object) -> dict:
    given = {"type": "vertex", "credentials": key_file(), "base_url": upstream.url, "location": "europe-west4"}
    return {"cloud": {**given, "retry_delay": "0s", **settings}}


def first_lines(upstream: FaultyUpstream) -> list[bytes]:
    return [visit.head.split(b"\r\n")[0].split(b" ")[1] for visit in upstream.visits]


async def test_token_is_fetched_and_serves_plain_calls_and_streams():
    upstream = FaultyUpstream([plain(GRANTED)], [plain(PLAIN)], chunked(VERTEX[:90], VERTEX[90:]), chunked(STREAM))
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        answer = await front.chat(model="cloud/gemini-2.5-flash")
        assert answer.json["choices"][0]["message"]["content"] == "Grüße"
        answer = await front.chat(model="cloud/gemini-2.5-flash", stream=True)
        assert answer.events[-1] == "[DONE]"
        answer = await front.chat(model="cloud/claude-x", stream=True)
        assert answer.events[-1] == "[DONE]"
    parent = b"/v1/projects/shop/locations/europe-west4/publishers"
    assert first_lines(upstream) == [
        b"/token",
        parent + b"/google/models/gemini-2.5-flash:generateContent",
        parent + b"/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        parent + b"/anthropic/models/claude-x:streamRawPredict",
    ]
    for visit in upstream.visits[1:]:
        assert b"\r\nauthorization: Bearer ya29.example\r\n" in visit.head + b"\r\n"
    assert upstream.connections == 1


async def test_claims_are_signed_for_google_whoever_stands_for_it():
    upstream = FaultyUpstream([plain(GRANTED)], [plain(PLAIN)])
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        assert (await front.chat(model="cloud/g")).status == 200
    visit = upstream.visits[0]
    assert b"\r\ncontent-type: application/x-www-form-urlencoded\r\n" in visit.head
    form = parse_qs(visit.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(form["assertion"][0], certs=pems()[1], audience="https://oauth2.googleapis.com/token")
    assert claims["iss"] == EMAIL


async def test_token_that_is_not_accepted_is_replaced():
    denied = plain(b'{"error":{"code":401,"message":"expired","status":"UNAUTHENTICATED"}}', "401 Unauthorized")
    again = GRANTED.replace(b"example", b"second")
    upstream = FaultyUpstream([plain(GRANTED)], [denied], [plain(again)], [plain(PLAIN)])
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        assert (await front.chat(model="cloud/g")).status == 200
    assert b"ya29.second" in upstream.visits[-1].head


async def test_account_that_is_refused_is_told_of_without_its_key():
    refused = plain(b'{"error":"invalid_grant","error_description":"Invalid JWT Signature."}', "400 Bad Request")
    upstream = FaultyUpstream([refused])
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        answer = await front.chat(model="cloud/g")
    assert answer.status == 502
    assert "invalid_grant" in answer.json["error"]["message"]
    assert len(upstream.visits) == 1
    assert "assertion" not in msgspec.json.encode(answer.json).decode()


async def test_documents_are_ranked_with_the_same_token():
    ranked = plain(b'{"records":[{"id":"1","score":0.9},{"id":"0","score":0.1}]}')
    upstream = FaultyUpstream([plain(GRANTED)], [ranked])
    async with upstream.serving(), house(providers=providers(upstream)) as front:
        asked = {"model": "cloud/semantic-ranker-default@latest", "query": "why?", "documents": ["a", "b"]}
        answer = await front.ask("POST", "/v1/rerank", asked)
        assert [one["index"] for one in answer.json["results"]] == [1, 0]
    assert first_lines(upstream)[1] == (
        b"/v1/projects/shop/locations/global/rankingConfigs/default_ranking_config:rank"
    )
    assert b"\r\nauthorization: Bearer ya29.example\r\n" in upstream.visits[1].head
