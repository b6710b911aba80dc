"""The rest of Bedrock on real sockets: images, rankings, counts, and a role that is assumed on the way."""

import msgspec
import pytest
import trio
from google import genai

from tests.adapters.providers.bedrock.asking import CLAUDE
from tests.adapters.providers.bedrock.examples import WHOLE
from tests.adapters.providers.bedrock.stsfake import ROLE, error_xml, keys_xml
from tests.adapters.providers.bedrock.test_sockets import HELLO, MODEL, anthropic_client, gateway, openai_client
from tests.adapters.providers.gemini.test_sockets import plain

ENDS = "2099-01-01T00:00:00Z"


def paths(upstream):
    return [visit.head.split(b" ")[1].decode() for visit in upstream.visits]


async def test_openais_client_has_images_drawn():
    body = b'{"images":["AA==","AQ=="],"error":null}'
    async with gateway([plain(body)]) as (url, upstream), openai_client(url) as client:
        found = await client.images.generate(model="aws/amazon.nova-canvas-v1:0", prompt="a cat", n=2, size="1024x1024")
        assert [one.b64_json for one in found.data] == ["AA==", "AQ=="]
        assert paths(upstream) == ["/v1/model/amazon.nova-canvas-v1%3A0/invoke"]
        assert b"AWS4-HMAC-SHA256" in upstream.visits[0].head


async def test_documents_are_ranked():
    body = b'{"results":[{"index":1,"relevanceScore":0.9},{"index":0,"relevanceScore":0.1}]}'
    async with gateway([plain(body)]) as (url, upstream), openai_client(url) as client:
        asked = {"model": "aws/cohere.rerank-v3-5:0", "query": "why?", "documents": ["a", "b"]}
        found = await client.post("/rerank", body=asked, cast_to=object)
        assert [one["index"] for one in found["results"]] == [1, 0]
        assert paths(upstream) == ["/v1/rerank"]


async def test_tokens_are_counted_for_clients_of_both_kinds_and_estimated_with_a_model_that_does_not():
    count, refused = (
        plain(b'{"inputTokens":12}'),
        plain(b'{"message":"The provided model doesn\'t support counting tokens."}', "400 Bad Request"),
    )
    async with gateway([count], [count], [refused]) as (url, upstream), anthropic_client(url) as client:
        assert (await client.messages.count_tokens(model=MODEL, messages=HELLO)).input_tokens == 12
        with genai.Client(api_key="any", http_options={"base_url": url}) as google:
            found = await trio.to_thread.run_sync(lambda: google.models.count_tokens(model=MODEL, contents="Hello"))
        assert found.total_tokens == 12
        assert (await client.messages.count_tokens(model=MODEL, messages=[*HELLO, *HELLO])).input_tokens > 0
        assert {path.rpartition("/")[2] for path in paths(upstream)} == {"count-tokens"}


async def test_role_is_assumed_once_for_many_requests():
    keys = plain(keys_xml(1, ENDS), media_type="text/xml")
    whole = [plain(msgspec.json.encode(WHOLE))]
    async with gateway([keys], *[whole] * 3, role_arn=ROLE, session_token="") as (url, upstream):
        async with openai_client(url) as client:
            for number in range(3):
                said = [{"role": "user", "content": f"Hello {number}"}]
                await client.chat.completions.create(model=MODEL, messages=said)
        assert paths(upstream)[0] == "/v1/"
        assert len(upstream.visits) == 4
        assert b"Action=AssumeRole" in upstream.visits[0].body
        assert all(b"Credential=ASIATEMPORARY0001/" in visit.head for visit in upstream.visits[1:])


async def test_role_that_may_not_be_assumed_is_named_and_fails_over():
    denied = plain(error_xml("AccessDenied"), "403 Forbidden", "text/xml")
    async with gateway([denied], [denied], role_arn=ROLE, session_token="") as (url, _), openai_client(url) as client:
        with pytest.raises(Exception, match=r"'aws' could not assume its role \(403, AccessDenied\)"):
            await client.chat.completions.create(model=f"aws/{CLAUDE}", messages=HELLO)
        found = await client.chat.completions.create(model="safe", messages=HELLO)
        assert found.choices[0].message.content
