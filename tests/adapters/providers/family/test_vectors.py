"""Embeddings reach the caller as it asked for them, whatever the provider has."""

import base64
import struct

import msgspec
import pytest

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from tests.adapters.providers.family.wires import build
from tests.conformance.provider_sample import ask

JSON = UpstreamHead(200, {"content-type": "application/json"})
NUMBERS = [0.5, -1.0, 0.25]
TEXT = base64.b64encode(struct.pack("<3f", *NUMBERS)).decode()
BYTES = base64.b64encode(struct.pack("<3b", 1, -128, 127)).decode()


def answered(type_: str, embedding: object, wanted: str | None = None) -> object:
    fields = {"encoding_format": wanted} if wanted else {}
    body = msgspec.json.encode({"data": [{"embedding": embedding}]})
    reply, _ = build(type_).decode(ask("embedding", model="m", input="i", **fields), JSON, body)
    (row,) = msgspec.json.decode(reply.body)["data"]
    assert (row["object"], row["index"]) == ("embedding", 0)
    return row["embedding"]


@pytest.mark.parametrize("type_", ["custom", "groq", "mistral", "together"])
def test_numbers_become_base64_for_who_asks_for_it(type_):
    assert answered(type_, NUMBERS) == NUMBERS
    assert answered(type_, NUMBERS, "float") == NUMBERS
    assert answered(type_, NUMBERS, "base64") == TEXT


def test_base64_becomes_numbers_for_who_did_not_ask_for_it():
    assert answered("custom", TEXT) == NUMBERS
    assert answered("custom", TEXT, "base64") == TEXT


def test_perplexitys_bytes_are_numbers():
    assert answered("perplexity", BYTES) == [1.0, -128.0, 127.0]
    text = base64.b64encode(struct.pack("<3f", 1, -128, 127)).decode()
    assert answered("perplexity", BYTES, "base64") == text


def test_answers_pass_through_where_the_provider_has_base64():
    body = b'{"data":[ {"embedding":"AAAA","index":0} ]}'
    exchange = ask("embedding", model="m", input="i", encoding_format="base64")
    assert build("azure").decode(exchange, JSON, body)[0].body is body


@pytest.mark.parametrize("embedding", [None, 7, "###", "AAA=", [1, "x"], [None], {"a": 1}, [10**400]])
def test_vector_that_is_none_is_the_providers_error(embedding):
    for wanted in ("float", "base64"):
        if wanted == "float" and isinstance(embedding, list):
            continue  # passed on as it is
        if wanted == "base64" and isinstance(embedding, str):
            continue
        with pytest.raises(UpstreamError, match="'upstream' has an embedding that is no vector"):
            answered("custom", embedding, wanted)


@pytest.mark.parametrize("body", [b"[]", b"", b'{"data":7}', b'{"data":[1]}', b'{"error":"x"}', b"<html>"])
def test_answer_that_is_none_is_the_providers_error(body):
    with pytest.raises(UpstreamError, match="'upstream'"):
        build("custom").decode(ask("embedding", model="m", input="i"), JSON, body)
