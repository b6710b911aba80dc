"""Rankings, by Discovery Engine's API in the same project."""

import msgspec
import pytest

from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.errors import InvalidRequest, UnsupportedEndpoint, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.vertex.accounts import vertex
from tests.conformance.provider_sample import ask

TARGET = Target("cloud", "semantic-ranker-default@latest")
JSON = UpstreamHead(200, {"content-type": "application/json; charset=UTF-8"})
PLACE = "projects/shop/locations/global/rankingConfigs/default_ranking_config:rank"


def asking(**fields: object):
    return ask("rerank", **{"model": "ours", "query": "why?", "documents": ["a", {"text": "b", "id": 7}], **fields})


def test_records_are_known_by_their_places():
    exchange = asking(top_n=1, max_tokens_per_doc=9)
    request = vertex(location="europe-west4").encode(exchange, TARGET)
    assert request.url == f"https://discoveryengine.googleapis.com/v1/{PLACE}"
    assert dict(request.headers)["x-goog-user-project"] == "shop"
    assert dict(request.headers)["authorization"] == "Bearer ya29.static-0123456789"
    assert msgspec.json.decode(request.body) == {
        "model": "semantic-ranker-default@latest",
        "query": "why?",
        "records": [{"id": "0", "content": "a"}, {"id": "1", "content": "b"}],
        "ignoreRecordDetailsInResponse": True,
        "topN": 1,
    }
    assert exchange.notes["dropped"] == "max_tokens_per_doc"


@pytest.mark.parametrize("base", ["http://127.0.0.1:9", "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1beta1"])
def test_base_url_stands_for_this_host_too(base):
    assert vertex(base_url=base).encode(asking(), TARGET).url == f"http://127.0.0.1:9/v1/{PLACE}"


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(InvalidRequest, match="201 documents"):
        vertex().encode(asking(documents=["a"] * 201), TARGET)
    with pytest.raises(InvalidRequest, match="rank_fields"):
        vertex().encode(asking(rank_fields=["a"]), TARGET)
    with pytest.raises(UnsupportedEndpoint, match="'cloud' ranks documents for a project"):
        vertex(project="", api_key=Secret("AIza-0123456789")).encode(asking(), TARGET)


def test_answer_is_as_callers_know_it():
    body = b'{"records":[{"id":"1","score":0.97},{"id":"0","score":0.2}]}'
    reply, usage = vertex().decode(asking(return_documents=True), JSON, body)
    found = msgspec.json.decode(reply.body)
    assert found["results"] == [
        {"index": 1, "relevance_score": 0.97, "document": {"text": "b", "id": 7}},
        {"index": 0, "relevance_score": 0.2, "document": {"text": "a"}},
    ]
    assert usage == Usage(input=3, estimated=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html>",
        b'{"records":[]}',
        b'{"records":[{"id":"0"}]}',
        b'{"records":[{"id":"x","score":1}]}',
        b'{"records":[{"id":"2","score":1}]}',
        b'{"records":[{"id":"99999999999999999999","score":1}]}',
        b'{"records":[{"id":"0","score":1},{"id":"0","score":1}]}',
    ],
)
def test_ranking_that_is_none_is_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'cloud'"):
        vertex().decode(asking(), JSON, body)
