"""Figures within their bounds."""

from collections import Counter

import pytest

from sluicegate.pipeline.metrics import (
    HIGHEST_MICROSECONDS,
    MAX_CODE,
    MAX_CODES,
    OTHER,
    Figures,
    Metrics,
    Series,
    count_code,
    microseconds,
    whole_speed,
)


def test_a_series_has_one_set_of_figures() -> None:
    metrics = Metrics()
    metrics.figures(Series("chat", "openai", "gpt-4o")).requests += 1
    metrics.figures(Series("chat", "openai", "gpt-4o")).requests += 1
    assert metrics.series[Series("chat", "openai", "gpt-4o")].requests == 2


def test_series_past_the_bound_are_counted_together_as_other() -> None:
    metrics = Metrics(max_series=3)
    for number in range(10):
        metrics.figures(Series("chat", "openai", f"model-{number}")).requests += 1
    assert len(metrics.series) == 3
    assert metrics.series[Series(OTHER, OTHER, OTHER)].requests == 8
    metrics.figures(Series("chat", "openai", "model-1")).requests += 1
    assert metrics.series[Series("chat", "openai", "model-1")].requests == 2


def test_codes_past_the_bound_are_counted_together_as_other() -> None:
    codes: Counter[str] = Counter()
    for number in range(150):
        count_code(codes, f"code_{number}")
    count_code(codes, "code_0")
    assert len(codes) == MAX_CODES
    assert codes["code_0"] == 2
    assert codes[OTHER] == 150 - (MAX_CODES - 1)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, 1), (1e-9, 1), (0.25, 250_000), (3600.0, HIGHEST_MICROSECONDS), (1e9, HIGHEST_MICROSECONDS)],
)
def test_every_time_has_a_place_in_its_histogram(seconds: float, expected: int) -> None:
    assert microseconds(seconds) == expected
    assert Figures().latency.record_value(microseconds(seconds))


@pytest.mark.parametrize(("speed", "expected"), [(0.01, 1), (25.4, 25), (1e9, 1_000_000)])
def test_every_speed_has_a_place_in_its_histogram(speed: float, expected: int) -> None:
    assert whole_speed(speed) == expected
    assert Figures().speed.record_value(whole_speed(speed))


def test_reserved_series_have_a_place_whatever_came_before_them() -> None:
    metrics = Metrics(max_series=3)
    known = Series("chat", "openai", "gpt-4o")
    metrics.reserve([known, Series("chat", "openai", OTHER)])
    assert metrics.series == {}
    for number in range(10):
        metrics.figures(Series("chat", "openai", f"model-{number}")).requests += 1
    assert (metrics.room, metrics.overflowed) == (False, 8)
    metrics.figures(known).requests += 1
    assert metrics.series[known].requests == 1
    assert metrics.series[Series("chat", "openai", OTHER)].requests == 8
    metrics.figures(Series("chat", "nobody", "none")).requests += 1
    assert metrics.series[Series(OTHER, OTHER, OTHER)].requests == 1
    assert (len(metrics.series), metrics.overflowed) == (5, 9)


def test_a_code_that_is_too_long_is_other() -> None:
    codes: Counter[str] = Counter()
    count_code(codes, "c" * MAX_CODE)
    count_code(codes, "c" * (MAX_CODE + 1))
    assert codes == {"c" * MAX_CODE: 1, OTHER: 1}
