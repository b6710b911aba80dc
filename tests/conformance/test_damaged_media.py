"""All else that a provider answers in JSON, damaged as chats are: it begins as what the simulated upstream says."""

import json
from urllib.parse import urlsplit

import msgspec
import pytest

from sluicegate.perf.simulate.asked import decode
from sluicegate.perf.simulate.places import as_asked, place_of
from sluicegate.pipeline.errors import InvalidRequest, UpstreamError
from sluicegate.pipeline.exchange import Target
from tests.conformance.provider_sample import ask
from tests.conformance.test_damaged_answers import SAMPLES, damaged_bytes

FIELDS = {
    "completion": {"prompt": "Hello"},
    "embedding": {"input": ["a"]},
    "image": {"prompt": "A weir"},
    "moderation": {"input": "a"},
    "rerank": {"query": "a", "documents": ["a", "b"]},
}
MODELS = {
    ("bedrock", "embedding"): "amazon.titan-embed-text-v2:0",
    ("bedrock", "image"): "amazon.titan-image-generator-v2:0",
    ("gemini", "image"): "gemini-2.5-flash-image",
    ("vertex", "embedding"): "text-embedding-005",
    ("vertex", "image"): "imagen-4.0-generate-001",
}
SIGNED = {("bedrock", "rerank")}
"""What is only asked by who signs, and the sample has an API key."""
CASES = [
    (name, operation)
    for name, sample in SAMPLES.items()
    for operation in FIELDS
    if operation in sample.translator.operations() and (name, operation) not in SIGNED
]


def whole_answer(name: str, operation: str) -> bytes:
    """Return what a provider answers when all is well."""
    model = MODELS.get((name, operation), "any-model")
    request = SAMPLES[name].translator.encode(ask(operation, model="m", **FIELDS[operation]), Target("upstream", model))
    url, asked = urlsplit(request.url), decode(request.body)
    place = place_of(url.path, url.query)
    assert place is not None
    place = as_asked(place, asked)
    if place.vectors is not None:
        return msgspec.json.encode(place.vectors(model, asked.vectors, 3, False))
    if place.media is not None:
        return place.media(asked, model, 3)[1]
    return msgspec.json.encode(place.voice.whole(model, 3))


def read(name: str, operation: str, body: bytes) -> UpstreamError | InvalidRequest | None:
    """Read an answer; return what it was refused with. A prompt that may not be drawn is the caller's matter."""
    sample = SAMPLES[name]
    try:
        reply, _ = sample.translator.decode(ask(operation, model="m", **FIELDS[operation]), sample.head(), body)
    except (UpstreamError, InvalidRequest) as error:
        return error
    json.loads(reply.body)
    return None


@pytest.mark.parametrize(("name", "operation"), CASES)
def test_an_answer_with_one_thing_wrong_is_read_or_refused_by_name(name, operation):
    whole = whole_answer(name, operation)
    assert read(name, operation, whole) is None
    for body in damaged_bytes(whole):
        refused = read(name, operation, body)
        if isinstance(refused, InvalidRequest):
            assert (operation, refused.code) == ("image", "content_policy_violation"), body
        elif refused is not None:
            assert "'upstream'" in refused.message, body
