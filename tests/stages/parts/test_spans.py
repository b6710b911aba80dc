"""Lengths of time in headers and messages."""

import pytest

from sluicegate.stages.parts.spans import per, span, spoken


@pytest.mark.parametrize(
    ("seconds", "header", "message"),
    [
        (0.0201, "21ms", "21 ms"),
        (0.02, "20ms", "20 ms"),
        (0.9999, "1s", "1 s"),
        (1.0, "1s", "1 s"),
        (1.01, "2s", "2 s"),
        (59.5, "1m0s", "1 min"),
        (360.0, "6m0s", "6 min"),
        (3600.0, "1h0m0s", "1 h"),
        (5401.0, "1h30m1s", "1 h 30 min 1 s"),
        (90000.0, "25h0m0s", "25 h"),
    ],
)
def test_lengths_are_rounded_up(seconds: float, header: str, message: str) -> None:
    assert span(seconds) == header
    assert spoken(seconds) == message


def test_no_time_is_zero_seconds() -> None:
    assert span(0.0) == "0s"


@pytest.mark.parametrize(
    ("seconds", "name"), [(1.0, "second"), (60.0, "minute"), (3600.0, "hour"), (86400.0, "day"), (30.0, "30 s")]
)
def test_a_window_has_its_name(seconds: float, name: str) -> None:
    assert per(seconds) == name
