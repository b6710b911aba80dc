import pytest

from sluicegate.adapters.database.moments import iso, read_moment

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("1799999999.5", 1_799_999_999.5),
        ("24h", NOW - 86_400),
        ("7d", NOW - 7 * 86_400),
        ("900000h", 0.0),
        ("2027-01-15", 1_799_971_200.0),
        ("2027-01-15T08:00:00", NOW),
        ("2027-01-15T08:00:00Z", NOW),
        ("2027-01-15T09:00:00+01:00", NOW),
        ("2027-01-15T09:00:00 01:00", NOW),
        (" 2027-01-15 ", 1_799_971_200.0),
    ],
)
def test_a_moment_is_a_time_or_how_long_ago(text, seconds):
    assert read_moment(text, NOW) == seconds


@pytest.mark.parametrize("text", ["", "yesterday", "2027-13-01", "-1h", "1e9", "NaN", "24 parsecs", "\u0663h"])
def test_another_text_is_refused_with_what_to_write(text):
    with pytest.raises(ValueError, match="2026-11-25"):
        read_moment(text, NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(NOW + 0.25, "2027-01-15T08:00:00.250Z"), (0, "1970-01-01T00:00:00.000Z"), (-1, ""), (1e300, "")],
)
def test_seconds_are_told_as_a_time(seconds, text):
    assert iso(seconds) == text
