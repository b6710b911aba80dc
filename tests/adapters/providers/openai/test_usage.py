"""Token counts in every shape."""

import pytest

from sluicegate.adapters.providers.openai.usage import read_usage
from sluicegate.pipeline.reply import Usage


@pytest.mark.parametrize(
    ("found", "usage"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}, Usage(3, 2)),
        ({"input_tokens": 3, "output_tokens": 2}, Usage(3, 2)),
        ({"prompt_tokens": 3, "total_tokens": 3}, Usage(3, 0)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(9, 5, cached=2, cache_write=1, reasoning=3),
        ),
        (
            {
                "input_tokens": 9,
                "output_tokens": 5,
                "input_tokens_details": {"cached_tokens": 2},
                "output_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(9, 5, cached=2, reasoning=3),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": None}, Usage(9, 5)),
        ({"prompt_tokens": 9, "completion_tokens": 5, "prompt_cache_hit_tokens": 4}, Usage(9, 5, cached=4)),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 115,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            Usage(10, 105, reasoning=100),
        ),
        ({"prompt_tokens": 3.0, "completion_tokens": "2"}, Usage(3, 0)),
        ({"prompt_tokens": 3, "completion_tokens": -2}, Usage(3, 0)),
        ({"prompt_tokens": True, "completion_tokens": 2}, Usage(0, 2)),
        ({"prompt_tokens": float("inf"), "completion_tokens": 2}, Usage(0, 2)),
        ({}, None),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (None, None),
        ([1], None),
        ("3", None),
    ],
)
def test_counts_are_read(found, usage):
    assert read_usage(found) == usage
