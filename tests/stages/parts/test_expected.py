"""What requests may use, as it is reserved for them."""

import pytest

from sluicegate.pipeline.request import Request
from sluicegate.stages.parts.expected import WITHOUT_USE, expected
from sluicegate.testing import chat, completion, embedding, messages, request

RESERVE = 1000


def output(asked: Request) -> int:
    usage = expected(asked, RESERVE)
    assert usage is not None
    return usage.output


@pytest.mark.parametrize(
    ("asked", "tokens"),
    [
        (chat(), 1000),
        (chat(max_tokens=50), 50),
        (chat(max_completion_tokens=60, max_tokens=50), 60),
        (chat(max_tokens=50, n=3), 150),
        (chat(n=2), 2000),
        (messages(max_tokens=7), 7),
        (completion(max_tokens=0), 0),
        (completion(max_tokens=5, n=2, best_of=4), 20),
        (completion(prompt=["a", "b", "c"], max_tokens=5), 15),
        (completion(prompt=[1, 2, 3], max_tokens=5), 5),
        (request("responses", model="m", input="hi", max_output_tokens=9), 9),
        (request("responses", model="m", input="hi"), 1000),
        (request("generate", model="m", contents=[{"parts": [{"text": "hi"}]}]), 1000),
        (
            request(
                "generate",
                model="m",
                contents=[{"parts": [{"text": "hi"}]}],
                generationConfig={"maxOutputTokens": 8, "candidateCount": 2},
            ),
            16,
        ),
        (embedding(), 0),
        (request("moderation", input="hi"), 0),
    ],
)
def test_an_answer_is_expected_to_be_as_long_as_it_may_be(asked: Request, tokens: int) -> None:
    assert output(asked) == tokens


def test_texts_are_estimated_and_tokens_counted() -> None:
    for asked, tokens in (
        (embedding("a" * 400), 100),
        (embedding(input=[1] * 33), 33),
        (embedding(input=[[1, 2], [3]]), 3),
        (completion(prompt=[[1, 2, 3], [4]]), 4),
        (completion(prompt=[7] * 2000), 2000),
    ):
        usage = expected(asked, RESERVE)
        assert usage is not None
        assert usage.input == tokens


def test_pictures_and_speech_are_expected_in_what_they_are_paid_by() -> None:
    image = expected(request("image", model="m", prompt="a cat", n=3))
    speech = expected(request("speech", model="m", input="hello", voice="alloy"))
    assert image is not None
    assert speech is not None
    assert (image.images, image.output) == (3, 0)
    assert (speech.characters, speech.output) == (5, 0)


@pytest.mark.parametrize("operation", sorted(WITHOUT_USE - {"count_tokens", "count_generate"}))
def test_what_asks_no_model_is_expected_to_use_nothing(operation: str) -> None:
    assert expected(Request(operation)) is None
