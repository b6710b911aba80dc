"""What is taken of requests for images, speech, moderations and ranking, and what of them is read."""

import json

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.schemas import texts_of
from sluicegate.stages.validate import read

IMAGE = {"model": "m", "prompt": "a cat"}
SPEECH = {"model": "m", "input": "hello", "voice": "alloy"}
RERANK = {"model": "m", "query": "q", "documents": ["a", {"text": "b", "title": "t"}]}


@pytest.mark.parametrize(
    ("operation", "body", "param"),
    [
        ("image", {"model": "m"}, "prompt"),
        ("image", {**IMAGE, "prompt": ""}, "prompt"),
        ("image", {**IMAGE, "n": 11}, "n"),
        ("image", {**IMAGE, "response_format": "gif"}, "response_format"),
        ("image", {**IMAGE, "partial_images": 2}, "partial_images"),
        ("image", {**IMAGE, "model": " "}, "model"),
        ("speech", {"model": "m", "input": "hello"}, "voice"),
        ("speech", {**SPEECH, "speed": 5}, "speed"),
        ("speech", {**SPEECH, "voice": {}}, "voice.id"),
        ("speech", {**SPEECH, "stream_format": "ws"}, "stream_format"),
        ("moderation", {"model": "m"}, "input"),
        ("moderation", {"model": "m", "input": []}, "input"),
        ("moderation", {"model": "m", "input": ["a", {"type": "text", "text": "b"}]}, "input"),
        ("moderation", {"model": "m", "input": [{"type": "text"}]}, "input[0].text"),
        ("rerank", {"model": "m", "query": "q"}, "documents"),
        ("rerank", {**RERANK, "documents": []}, "documents"),
        ("rerank", {**RERANK, "documents": [7]}, "documents[0]"),
        ("rerank", {**RERANK, "top_n": 0}, "top_n"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(operation, body, param):
    with pytest.raises(InvalidRequest) as caught:
        read(operation, json.dumps(body).encode())
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("operation", "body", "texts"),
    [
        ("image", {**IMAGE, "stream": True, "partial_images": 3}, [("prompt", "a cat")]),
        ("speech", {**SPEECH, "instructions": "soft"}, [("input", "hello"), ("instructions", "soft")]),
        ("speech", {**SPEECH, "voice": {"id": "v_1"}}, [("input", "hello")]),
        ("moderation", {"input": "a"}, [("input", "a")]),
        ("moderation", {"input": ["a", "b"]}, [("input[0]", "a"), ("input[1]", "b")]),
        (
            "moderation",
            {"input": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://i.test"}}]},
            [("input[0].text", "a")],
        ),
        ("rerank", RERANK, [("query", "q"), ("documents[0]", "a"), ("documents[1].text", "b")]),
    ],
)
def test_what_is_right_is_read_as_far_as_a_model_reads_it(operation, body, texts):
    assert list(texts_of(read(operation, json.dumps(body).encode())[1])) == texts
