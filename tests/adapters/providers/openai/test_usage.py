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
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "prompt_tokens_details": {
                    "cached_tokens": 30,
                    "audio_tokens": 40,
                    "image_tokens": 20,
                    "cached_tokens_details": {"audio_tokens": 10, "image_tokens": 5, "text_tokens": 15},
                },
                "completion_tokens_details": {"audio_tokens": 25, "image_tokens": 5},
            },
            Usage(
                *(100, 50),
                cached=30,
                audio_input=40,
                audio_cached=10,
                audio_output=25,
                image_input=20,
                image_cached=5,
                image_output=5,
            ),
        ),
        (
            {"type": "tokens", "input_tokens": 14, "output_tokens": 9, "input_token_details": {"audio_tokens": 14}},
            Usage(14, 9, audio_input=14),
        ),
        (
            {
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "prompt_tokens_details": {"audio_tokens": 9, "image_tokens": 9},
            },
            Usage(3, 2, audio_input=3),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 2, "cost": 0.00015}, Usage(3, 2, charged=150_000)),
        ({"prompt_tokens": 3, "completion_tokens": 2, "cost": 0}, Usage(3, 2, charged=0)),
        (
            {"prompt_tokens": 3, "completion_tokens": 2, "num_search_queries": 4, "cost": {"total_cost": 0.02}},
            Usage(3, 2, searches=4, charged=20_000_000),
        ),
        (
            {"prompt_tokens": 3, "completion_tokens": 2, "server_tool_use": {"web_search_requests": 2}},
            Usage(3, 2, searches=2),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 2, "prompt_audio_seconds": 11}, Usage(3, 2, seconds=11.0)),
        *(
            ({"prompt_tokens": 3, "completion_tokens": 2, "cost": cost}, Usage(3, 2))
            for cost in (True, -1, 1e300, float("nan"), "1", None, [], {"total_cost": "1"}, 10**400)
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


@pytest.mark.parametrize(
    ("tier", "read"),
    [("flex", "flex"), ("priority", "priority"), ("default", ""), ("auto", ""), (None, ""), (1, ""), (["flex"], "")],
)
def test_a_class_of_service_is_read_if_it_may_have_a_price(tier, read):
    assert read_usage({"prompt_tokens": 3, "completion_tokens": 2}, tier) == Usage(3, 2, tier=read)
