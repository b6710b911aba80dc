"""Rankings, judged by AWS's own model of the API."""

import botocore.loaders
import msgspec
import pytest
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import validate_parameters

from sluicegate.pipeline.errors import InvalidRequest, NotFound, UnsupportedEndpoint, UpstreamError
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.bedrock.asking import bedrock
from tests.adapters.providers.bedrock.test_errors import SIGNED
from tests.conformance.provider_sample import ask

AGENTS = ServiceModel(botocore.loaders.Loader().load_service_model("bedrock-agent-runtime", "service-2"))
RERANK = AGENTS.operation_model("Rerank")
COHERE, AMAZON = "cohere.rerank-v3-5:0", "amazon.rerank-v1:0"
JSON = UpstreamHead(200, {"content-type": "application/json"})


def asking(**fields: object):
    return ask("rerank", **{"model": "ours", "query": "why?", "documents": ["a", "b"], **fields})


def asked(model: str = COHERE, region: str = "eu-central-1", **fields: object) -> dict:
    """Return the body for a request, checked by botocore, which writes the same."""
    exchange = asking(**fields)
    request = bedrock(**SIGNED, region=region).encode(exchange, Target("aws", model))
    body = msgspec.json.decode(request.body)
    validate_parameters(body, RERANK.input_shape)
    made = create_serializer("rest-json").serialize_to_request(body, RERANK)
    assert msgspec.json.decode(made["body"]) == body
    assert request.url == f"https://bedrock-agent-runtime.{region}.amazonaws.com{made['url_path']}"
    return {**body["rerankingConfiguration"]["bedrockRerankingConfiguration"], "dropped": exchange.notes.get("dropped")}


def texts(model: str = COHERE, **fields: object) -> list[str]:
    body = msgspec.json.decode(bedrock(**SIGNED).encode(asking(**fields), Target("aws", model)).body)
    return [one["inlineDocumentSource"]["textDocument"]["text"] for one in body["sources"]]


def test_model_is_named_in_whole_and_all_places_are_asked_for():
    assert asked() == {
        "modelConfiguration": {"modelArn": f"arn:aws:bedrock:eu-central-1::foundation-model/{COHERE}"},
        "numberOfResults": 2,
        "dropped": None,
    }
    assert asked(top_n=1)["numberOfResults"] == 1
    assert asked(top_n=9)["numberOfResults"] == 2
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/rank"
    assert asked(arn)["modelConfiguration"]["modelArn"] == arn
    gov = asked(region="us-gov-west-1")["modelConfiguration"]["modelArn"]
    assert gov == f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{COHERE}"


def test_documents_go_as_texts_and_the_cohere_model_is_told_where_to_cut_them():
    assert texts(documents=["a", {"text": "b", "id": 7}]) == ["a", "b"]
    assert asked(max_tokens_per_doc=99)["modelConfiguration"]["additionalModelRequestFields"] == {
        "max_tokens_per_doc": 99
    }
    assert asked(AMAZON, max_tokens_per_doc=99, priority=1)["dropped"] == "priority, max_tokens_per_doc"
    with pytest.raises(InvalidRequest, match=r"documents\[1\] has no text"):
        texts(documents=["a", {"id": 7}])
    with pytest.raises(InvalidRequest, match="1001 documents"):
        texts(documents=["a"] * 1001)
    with pytest.raises(InvalidRequest, match="rank_fields"):
        texts(rank_fields=["a"])
    with pytest.raises(NotFound):
        texts("no model")


def test_an_api_key_cannot_rank():
    with pytest.raises(UnsupportedEndpoint, match="'aws' ranks for who signs"):
        bedrock().encode(asking(), Target("aws", COHERE))


def test_answer_is_as_callers_know_it():
    told = {"results": [{"index": 1, "relevanceScore": 0.9}, {"index": 0, "relevanceScore": 0.25}]}
    body = msgspec.json.encode(told)
    parsed = create_parser("rest-json").parse({"body": body, "status_code": 200, "headers": {}}, RERANK.output_shape)
    assert parsed["results"] == told["results"]
    reply, usage = bedrock(**SIGNED).decode(asking(return_documents=True), JSON, body)
    found = msgspec.json.decode(reply.body)
    assert found["model"] == "ours"
    assert found["results"] == [
        {"index": 1, "relevance_score": 0.9, "document": {"text": "b"}},
        {"index": 0, "relevance_score": 0.25, "document": {"text": "a"}},
    ]
    assert usage == Usage(input=3, estimated=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html>",
        b'{"results":[]}',
        b'{"results":[{"index":0}]}',
        b'{"results":[{"index":2,"relevanceScore":1}]}',
        b'{"results":[{"index":0,"relevanceScore":1},{"index":0,"relevanceScore":1}]}',
    ],
)
def test_ranking_that_is_none_is_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'aws'"):
        bedrock(**SIGNED).decode(asking(), JSON, body)
