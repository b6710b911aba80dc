"""Gemini's embeddings, over providers of several APIs."""

import base64
import json
import struct

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.schemas.embed_content import embedding_of
from tests.adapters.http.harness import house
from tests.upstreams.faulty import FaultyUpstream, answer

PATH = "/v1beta/models/p/m"


def asked(text: str = "a", **more) -> dict:
    return {"model": "models/p/m", "content": {"parts": [{"text": text}]}, **more}


def openais(*rows, tokens: int = 3) -> list:
    data = [{"object": "embedding", "index": index, "embedding": row} for index, row in rows]
    return answer(json.dumps({"object": "list", "data": data, "usage": {"prompt_tokens": tokens}}).encode())


async def ask(kind: str, script: list, method: str, body, **more):
    upstream = FaultyUpstream(script)
    async with upstream.serving():
        base = upstream.url if kind == "openai" else upstream.url.removesuffix("/v1")
        provider = {"type": kind, "base_url": base, "api_key": "k", "max_retries": 0, **more}
        async with house(providers={"p": provider}) as running:
            found = await running.ask("POST", f"{PATH}:{method}", body)
    return found, [json.loads(visit.body) for visit in upstream.visits]


async def test_one_text_is_asked_of_an_openai_server_and_answered_in_googles_words():
    body = asked(outputDimensionality=2, taskType="RETRIEVAL_QUERY")
    found, sent = await ask("openai", openais((0, [0.25, -1e-9])), "embedContent", body)
    assert sent == [{"model": "m", "input": ["a"], "encoding_format": "float", "dimensions": 2}]
    assert found.json == {"embedding": {"values": [0.25, -1e-9]}, "usageMetadata": {"promptTokenCount": 3}}
    assert found.headers["x-sluicegate-dropped"] == "taskType"


async def test_several_come_back_in_order_also_from_base64():
    packed = base64.b64encode(struct.pack("<2f", 0.5, 2.0)).decode()
    body = {"requests": [asked("a"), {"content": {"parts": [{"text": "b"}, {"text": "c"}]}}]}
    found, sent = await ask("openai", openais((1, packed), (0, [1])), "batchEmbedContents", body)
    assert sent[0]["input"] == ["a", "b\nc"]
    assert [one["values"] for one in found.json["embeddings"]] == [[1], [0.5, 2.0]]
    assert "x-sluicegate-dropped" not in found.headers


async def test_gemini_is_told_what_each_text_is_for():
    body = {
        "requests": [
            asked("a", task_type="RETRIEVAL_DOCUMENT", title="One"),
            asked("b", embed_content_config={"task_type": "CLUSTERING", "output_dimensionality": 8}),
        ]
    }
    body["requests"][0]["output_dimensionality"] = 8
    script = answer(json.dumps({"embeddings": [{"values": [1.0]}, {"values": [2.0]}]}).encode())
    found, sent = await ask("gemini", script, "batchEmbedContents", body)
    first, second = sent[0]["requests"]
    assert (first["taskType"], first["title"], first["outputDimensionality"]) == ("RETRIEVAL_DOCUMENT", "One", 8)
    assert (second["taskType"], second["outputDimensionality"]) == ("CLUSTERING", 8)
    assert [one["values"] for one in found.json["embeddings"]] == [[1.0], [2.0]]
    assert "x-sluicegate-dropped" not in found.headers


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("embedContent", {}, "content"),
        ("embedContent", {"content": {"parts": []}}, "content.parts"),
        ("embedContent", {"content": {"parts": [{"text": ""}]}}, "content.parts"),
        ("embedContent", {"content": {"parts": [{"inlineData": {}}]}}, "content.parts[0]"),
        ("embedContent", asked(outputDimensionality=0), "outputDimensionality"),
        ("embedContent", {**asked(), "model": "models/other"}, "model"),
        ("batchEmbedContents", {"requests": []}, "requests"),
        ("batchEmbedContents", {"requests": [asked(), {"content": 1}]}, "requests[1].content"),
        (
            "batchEmbedContents",
            {"requests": [asked(), asked(outputDimensionality=3)]},
            "requests[1].outputDimensionality",
        ),
    ],
)
def test_what_is_wrong_is_told_by_its_place(method, body, field):
    with pytest.raises(InvalidRequest) as caught:
        embedding_of(json.dumps(body).encode(), "p/m", batch=method != "embedContent")
    assert caught.value.param == field


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"content":{"parts":[{"text":"a"}]}', b"[" * 100_000])
async def test_nonsense_is_refused_in_googles_words(body):
    async with house(providers={"p": {"type": "simulator"}}) as running:
        found = await running.ask("POST", f"{PATH}:embedContent", body)
        await running.assert_well()
    assert (found.status, found.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("rows", [[], [(0, "%%")], [(0, [1]), (1, [2])]])
async def test_answer_without_the_vector_is_the_providers_fault(rows):
    found, _ = await ask("openai", openais(*rows), "embedContent", asked())
    assert (found.status, found.json["error"]["status"]) == (502, "UNAVAILABLE")
    assert "'p'" in found.json["error"]["message"]


async def test_provider_without_embeddings_is_named():
    script = answer(b"{}")
    found, sent = await ask("anthropic", script, "embedContent", asked())
    assert (found.status, sent) == (400, [])
    assert found.json["error"]["details"][0]["reason"] == "UNSUPPORTED_ENDPOINT"


async def test_answer_from_the_cache_is_in_googles_words_and_of_its_own_task():
    async with house(providers={"p": {"type": "simulator"}}) as running:
        bodies = [asked(), asked(), asked(taskType="CLUSTERING")]
        found = [await running.ask("POST", f"{PATH}:embedContent", body) for body in bodies]
        plain = await running.ask("POST", "/v1/embeddings", {"model": "p/m", "input": "a"})
    assert [one.headers["x-sluicegate-cache"] for one in found] == ["miss", "hit", "miss"]
    assert found[0].json == found[1].json
    assert found[0].json["embedding"]["values"] == plain.json["data"][0]["embedding"]
