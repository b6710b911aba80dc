"""The rule of thumb for tokens."""

import msgspec
import pytest

from sluicegate.pipeline.reply import Usage
from sluicegate.stages.parts.token_estimate import SAMPLE, estimate, tokens_in
from sluicegate.testing import chat


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ({"choices": [{"message": {"content": "x" * 8}}, {"message": {"content": "x" * 8}}]}, 4),
        ({"choices": [{"text": "x" * 9, "finish_reason": "stop"}]}, 3),
        ({"choices": [{"message": {"reasoning_content": "xxxx", "content": "xxxx"}}]}, 2),
        ({"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": "{'a': 1}"}}]}}]}, 2),
        ({"content": [{"type": "text", "text": "é" * 4}]}, 2),
        ({"choices": [{"message": {"content": None}}], "id": "x" * 400, "model": "x" * 400}, 0),
        ([], 0),
    ],
)
def test_what_a_model_has_written_counts_and_nothing_else(written, tokens):
    assert tokens_in(msgspec.json.encode(written)) == tokens


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_cannot_be_read_counts_as_nothing(body):
    assert tokens_in(body) == 0


def test_what_was_asked_counts_by_its_bytes():
    assert estimate(chat("é" * 6), 5) == Usage(input=3, output=5, estimated=True)


def test_a_long_text_is_judged_by_its_beginning():
    assert estimate(chat("é" * 100_000), 5).input == 50_000
    assert estimate(chat("x" * 100_000), 5).input == 25_000
    assert estimate(chat("é" * SAMPLE + "x" * SAMPLE), 5).input == SAMPLE
