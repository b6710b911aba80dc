"""Durations, sizes, rates and money, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.pipeline.config.kinds import ItemPrice, Money, Rate, Spend, TokenPrice
from sluicegate.pipeline.config.units import (
    read_duration,
    read_item_price,
    read_money,
    read_rate,
    read_size,
    read_spend,
    read_token_price,
    show_duration,
    show_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("100ms", 0.1), ("1ms", 0.001), ("0s", 0.0), ("1.5s", 1.5), ("90s", 90.0), ("2min", 120.0), ("1h", 3600.0)],
)
def test_a_duration_is_exactly_what_is_written(text, seconds):
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "250ms"), (90.0, "90s"), (600.0, "10min"), (0.0, "0s"), (1.5, "1.5s")]
)
def test_a_duration_is_shown_in_the_largest_unit_that_fits(seconds, text):
    assert show_duration(seconds) == text


@given(st.integers(0, 10**9))
def test_durations_survive_being_shown(milliseconds):
    assert read_duration(show_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.integers(0, 2**45))
def test_sizes_survive_being_shown(size):
    assert read_size(show_size(size)) == size


@given(st.integers(1, 10**9), st.sampled_from([1.0, 60.0, 3600.0, 86400.0, 10.0, 90.0]))
def test_rates_survive_being_shown(count, window):
    assert read_rate(str(Rate(count, window))) == Rate(count, window)


@pytest.mark.parametrize(
    ("text", "nanos"), [("$2.50", 2_500_000_000), ("$0", 0), ("$0.000000001", 1), ("$1000000", 10**15), ("$3.", None)]
)
def test_money_is_exactly_what_is_written(text, nanos):
    if nanos is None:
        with pytest.raises(ValueError, match="write one such as"):
            read_money(text)
    else:
        assert read_money(text) == Money(nanos)


@given(st.integers(0, 10**18 - 1))
def test_money_survives_being_shown(nanos):
    assert read_money(str(Money(nanos))) == Money(nanos)


@given(st.integers(1, 10**18 - 1), st.sampled_from([1.0, 60.0, 3600.0, 86400.0, 10.0, 90.0]))
def test_spending_survives_being_shown(nanos, window):
    assert read_spend(str(Spend(nanos, window))) == Spend(nanos, window)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5/h", "such as \\$5/h"),
        ("$5 / h", "spaces"),
        ("$5/hr", "write \\$5/h"),
        ("$0/h", "more than 0"),
        ("$5", "in a time"),
    ],
)
def test_spending_that_is_written_otherwise_is_told_how(text, why):
    with pytest.raises(ValueError, match=why):
        read_spend(text)


@given(st.text(max_size=20))
def test_any_other_text_is_a_value_error(text):
    for read in (read_duration, read_size, read_rate, read_money, read_spend):
        try:
            value = read(text)
        except ValueError:
            continue
        assert isinstance(value, (int, float, Rate, Money, Spend))


@pytest.mark.parametrize(
    ("text", "femtos"), [("$0.15/M", 150_000_000), ("$0.00015/k", 150_000_000), ("$0/M", 0), ("$0.000000001/M", 1)]
)
def test_a_price_of_many_is_exactly_what_is_written(text, femtos):
    assert read_token_price(text) == TokenPrice(femtos)


@pytest.mark.parametrize(("text", "femtos"), [("$0.04", 4 * 10**13), ("$14/k", 14 * 10**12), ("$0", 0)])
def test_a_price_of_one_is_exactly_what_is_written(text, femtos):
    assert read_item_price(text) == ItemPrice(femtos)


@given(st.integers(0, 10**15))
def test_prices_survive_being_shown(amount):
    assert read_token_price(str(TokenPrice(amount))) == TokenPrice(amount)
    assert read_item_price(str(ItemPrice(amount * 1000))) == ItemPrice(amount * 1000)


@pytest.mark.parametrize("text", ["$2.50", "2.5/M", "$2.5/m", "$2.5 /M", "$2.5/", "", "$/M", "$-1/M", "$1/M/M"])
def test_a_price_of_many_that_is_written_otherwise_is_refused(text):
    with pytest.raises(ValueError, match="write"):
        read_token_price(text)


@pytest.mark.parametrize("text", ["2", "$2/M", "$2/", "$2/K", "", "$", "$1/k/k"])
def test_a_price_of_one_that_is_written_otherwise_is_refused(text):
    with pytest.raises(ValueError, match="write"):
        read_item_price(text)
