"""OpenAI's requests for embeddings, by Gemini's models."""

import base64
import struct

import msgspec
import pytest
from google.genai import types

from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage
from tests.adapters.providers.gemini.asking import TARGET, gemini
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
URL = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"


def sent(**fields) -> tuple[str, dict]:
    request = gemini().encode(ask("embedding", model="m", **fields), TARGET)
    return request.url, msgspec.json.decode(request.body)


def answered(body: object, **fields) -> tuple[dict, Usage | None]:
    data = msgspec.json.encode(body)
    reply, usage = gemini().decode(ask("embedding", **{"model": "m", "input": "text", **fields}), JSON, data)
    return msgspec.json.decode(reply.body), usage


def test_one_text_is_one_embedding():
    url, body = sent(input="a", dimensions=256)
    assert url == URL + ":embedContent"
    assert body == {
        "model": "models/gemini-2.5-flash",
        "content": {"parts": [{"text": "a"}]},
        "outputDimensionality": 256,
    }
    types.Content.model_validate(body["content"])


def test_several_texts_are_one_batch():
    url, body = sent(input=["a", "b"])
    assert url == URL + ":batchEmbedContents"
    assert [one["content"]["parts"][0]["text"] for one in body["requests"]] == ["a", "b"]


@pytest.mark.parametrize("tokens", [[1, 2], [[1], [2]]])
def test_tokens_are_refused(tokens):
    with pytest.raises(InvalidRequest, match="no input of tokens") as caught:
        sent(input=tokens)
    assert caught.value.param == "input"


def test_vectors_are_as_openai_has_them():
    body, usage = answered({"embedding": {"values": [0.5, -1]}, "usageMetadata": {"promptTokenCount": 3}})
    assert body == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}],
        "model": "m",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    assert usage == Usage(input=3)


def test_vectors_in_base64_are_32_bit_floats():
    body, _ = answered(
        {"embeddings": [{"values": [0.5, -1.25]}, {"values": [2]}]}, input=["a", "b"], encoding_format="base64"
    )
    packed = [base64.b64decode(entry["embedding"]) for entry in body["data"]]
    assert [struct.unpack(f"<{len(one) // 4}f", one) for one in packed] == [(0.5, -1.25), (2.0,)]


def test_tokens_are_estimated_where_nobody_counts():
    body, usage = answered({"embedding": {"values": [1]}}, input="x" * 10)
    assert usage == Usage(input=3, estimated=True)
    assert body["usage"]["prompt_tokens"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"embeddings": []},
        {"embedding": {"values": []}},
        {"embedding": {"values": ["x"]}},
        {"embeddings": [{"values": [1]}, {"values": [2]}]},
        [],
    ],
)
def test_nonsense_is_an_upstream_error(body):
    with pytest.raises(UpstreamError, match="'google'"):
        answered(body)


@pytest.mark.parametrize("data", [b"", b"{", b'{"embedding":{"values":[1]}', b"\xff"])
def test_broken_json_is_an_upstream_error(data):
    with pytest.raises(UpstreamError, match="'google'"):
        gemini().decode(ask("embedding", model="m", input="a"), JSON, data)


def test_number_out_of_range_is_an_upstream_error():
    with pytest.raises(UpstreamError, match="out of range"):
        answered({"embedding": {"values": [1e300]}}, encoding_format="base64")
