"""Embeddings of Titan's and Cohere's models."""

import msgspec
import pytest

from sluicegate.pipeline.errors import InvalidRequest, UnsupportedEndpoint, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.bedrock.asking import bedrock
from tests.conformance.provider_sample import ask

TITAN, OLD_TITAN = "amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v1"
COHERE, COHERE_4 = "cohere.embed-multilingual-v3", "us.cohere.embed-v4:0"
JSON = UpstreamHead(200, {"content-type": "application/json"})


def asked(model: str, **fields: object) -> tuple[str, dict]:
    request = bedrock().encode(ask("embedding", model="m", **fields), Target("aws", model))
    return request.url, msgspec.json.decode(request.body)


def test_titan_is_asked_for_one_text():
    url, body = asked(TITAN, input="a", dimensions=256)
    assert url.endswith("/model/amazon.titan-embed-text-v2%3A0/invoke")
    assert body == {"inputText": "a", "dimensions": 256}
    assert asked(TITAN, input="a", normalize=False)[1] == {"inputText": "a", "normalize": False}
    with pytest.raises(InvalidRequest, match="1 texts"):
        asked(TITAN, input=["a", "b"])
    with pytest.raises(InvalidRequest, match="no dimensions"):
        asked(OLD_TITAN, input="a", dimensions=256)


def test_cohere_is_asked_for_many():
    assert asked(COHERE, input=["a", "b"])[1] == {"texts": ["a", "b"], "input_type": "search_document"}
    assert asked(COHERE, input="a", input_type="search_query")[1]["input_type"] == "search_query"
    assert asked(COHERE_4, input="a", dimensions=512)[1]["output_dimension"] == 512
    with pytest.raises(InvalidRequest, match="96 texts"):
        asked(COHERE, input=["a"] * 97)


def test_other_models_and_tokens_are_refused():
    with pytest.raises(UnsupportedEndpoint, match="'aws'"):
        asked("anthropic.claude-x", input="a")
    with pytest.raises(InvalidRequest, match="tokens"):
        asked(TITAN, input=[1, 2])


@pytest.mark.parametrize(
    ("body", "headers", "vectors", "usage"),
    [
        ({"embedding": [0.5, 1], "inputTextTokenCount": 3}, {}, [[0.5, 1.0]], Usage(input=3)),
        ({"embeddings": [[1, 2]]}, {"x-amzn-bedrock-input-token-count": "4"}, [[1.0, 2.0]], Usage(input=4)),
        ({"embeddings": {"float": [[1, 2]]}}, {}, [[1.0, 2.0]], Usage(input=1, estimated=True)),
        ({"embedding": [1], "inputTextTokenCount": -3}, {}, [[1.0]], Usage(input=1, estimated=True)),
    ],
)
def test_vectors_are_as_openai_has_them(body, headers, vectors, usage):
    head = UpstreamHead(200, {**JSON.headers, **headers})
    reply, told = bedrock().decode(ask("embedding", model="m", input="a"), head, msgspec.json.encode(body))
    assert [one["embedding"] for one in msgspec.json.decode(reply.body)["data"]] == vectors
    assert told == usage


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"embedding":[]}', b'{"embeddings":{"int8":[[1]]}}', b'{"embeddings":[[1],[2]]}']
)
def test_vectors_that_are_none_are_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'aws'"):
        bedrock().decode(ask("embedding", model="m", input="a"), JSON, body)
