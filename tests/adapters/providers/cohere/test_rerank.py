"""Rankings of documents, in Cohere's words and back."""

import inspect

import cohere as official
import msgspec
import pytest
from cohere.v2.types.v2rerank_response import V2RerankResponse
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.decode import parse
from tests.adapters.providers.cohere.asking import cohere

JSON = UpstreamHead(200, {"content-type": "application/json"})
TARGET = Target("co", "rerank-v3.5")
KNOWN = set(inspect.signature(official.ClientV2.rerank).parameters)
META = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
documents = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), min_size=1, max_size=6)


def asking(**fields: object) -> Exchange:
    body = msgspec.json.encode({"model": "our-model", "query": "why?", "documents": ["a", "b"], **fields})
    return Exchange(Request("rerank", body, fields=parse(body)), 600.0, 0.0)


def sent(exchange: Exchange, **settings: object) -> dict:
    request = cohere(**settings).encode(exchange, TARGET)
    assert request.url == "https://api.cohere.com/v2/rerank"
    body = msgspec.json.decode(request.body)
    assert body.keys() <= KNOWN
    return body


def answered(exchange: Exchange, *places: tuple[int, float], **fields: object) -> tuple[dict, Usage | None]:
    results = [{"index": index, "relevance_score": score} for index, score in places]
    told = {"id": "r1", "results": results, "meta": META, **fields}
    V2RerankResponse.model_validate(told)
    reply, usage = cohere().decode(exchange, JSON, msgspec.json.encode(told))
    body = msgspec.json.decode(reply.body)
    V2RerankResponse.model_validate(body)
    return body, usage


def test_documents_go_as_texts():
    exchange = asking(documents=["a", {"text": "b", "id": 7}], top_n=1, max_tokens_per_doc=99, return_documents=True)
    assert sent(exchange) == {
        "model": "rerank-v3.5",
        "query": "why?",
        "documents": ["a", "b"],
        "top_n": 1,
        "max_tokens_per_doc": 99,
    }


def test_answer_names_the_callers_model_and_what_was_used():
    body, usage = answered(asking(), (1, 0.98), (0, 0.1))
    assert body == {
        "id": "r1",
        "model": "our-model",
        "results": [{"index": 1, "relevance_score": 0.98}, {"index": 0, "relevance_score": 0.1}],
        "meta": META,
        "usage": {"total_tokens": 3},
    }
    assert usage == Usage(input=3, estimated=True)  # ten bytes
    assert answered(asking(), meta={"billed_units": {"input_tokens": 7.0}})[1] == Usage(input=7)


def test_documents_come_back_where_they_are_wanted():
    body, _ = answered(asking(documents=["a", {"text": "b", "id": 7}], return_documents=True), (1, 0.9), (0, 0.2))
    assert [one["document"] for one in body["results"]] == [{"text": "b", "id": 7}, {"text": "a"}]


@given(documents, st.data())
def test_every_document_comes_back_by_its_place(texts, data):
    exchange = asking(documents=texts, return_documents=True)
    assert sent(exchange)["documents"] == texts
    order = data.draw(st.permutations(range(len(texts))))
    body, _ = answered(exchange, *((place, 0.5) for place in order))
    assert [(one["index"], one["document"]["text"]) for one in body["results"]] == [(i, texts[i]) for i in order]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"documents": []}, "documents"),
        ({"documents": ["a", {"title": "t"}]}, "documents[1].text"),
        ({"documents": [1]}, "documents[0]"),
        ({"query": None}, "query"),
        ({"top_n": 0}, "top_n"),
        ({"rank_fields": ["title"]}, "rank_fields"),
    ],
)
def test_request_that_makes_no_sense_is_refused_by_its_path(fields, param):
    with pytest.raises(InvalidRequest) as caught:
        sent(asking(**fields))
    assert caught.value.param == param


def test_what_has_no_place_is_left_out_and_named():
    exchange = asking(user="u", priority=1)
    assert sent(exchange)["priority"] == 1
    assert exchange.notes["dropped"] == "user"
    with pytest.raises(InvalidRequest, match="user"):
        sent(asking(user="u"), strict=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        b'{"results":[{"index":0}]}',
        b'{"results":[{"index":2,"relevance_score":1}]}',
        b'{"results":[{"index":-1,"relevance_score":1}]}',
        b'{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":1}]}',
        b'{"results":[{"index":0,"relevance_score":1e999}]}',
        b'{"id":"e","message":"an error"}',
    ],
)
def test_answer_that_is_none_is_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'co'"):
        cohere().decode(asking(), JSON, body)


def test_page_in_place_of_a_ranking_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="html"):
        cohere().decode(asking(), UpstreamHead(200, {"content-type": "text/html"}), b"<title>502</title>")
