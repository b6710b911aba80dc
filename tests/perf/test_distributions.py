"""The grammar of distributions, and what is drawn."""

import math
from random import Random

import pytest

from sluicegate.perf.distributions import parse, read_number


def drawn(text, number=20_000):
    random = Random(1)
    draw = parse(text).draw
    return sorted(draw(random) for _ in range(number))


def test_a_value_alone_is_always_drawn():
    fixed = parse("20ms")
    assert fixed.constant == 0.02
    assert {fixed.draw(Random(n)) for n in range(5)} == {0.02}


def test_numbers_have_no_unit():
    assert parse("40", read_number).constant == 40.0
    assert 10 <= parse("uniform:10-20", read_number).draw(Random(1)) <= 20


def test_uniform_stays_between_its_ends_and_reaches_near_both():
    values = drawn("uniform:10ms-30ms")
    assert 0.010 <= values[0] < 0.0101
    assert 0.0299 < values[-1] <= 0.030


def test_lognormal_has_the_percentiles_that_it_names():
    values = drawn("lognormal:p50=20ms,p99=200ms")
    assert values[10_000] == pytest.approx(0.020, rel=0.05)
    assert values[19_800] == pytest.approx(0.200, rel=0.1)


def test_exponential_has_its_mean():
    assert math.fsum(drawn("exp:mean=20ms")) / 20_000 == pytest.approx(0.020, rel=0.05)


def test_normal_has_its_mean_and_spread_and_nothing_below_zero():
    values = drawn("normal:mean=20ms,sd=10ms")
    assert values[10_000] == pytest.approx(0.020, rel=0.05)
    assert values[16_827] == pytest.approx(0.030, rel=0.1)
    assert values[0] == 0.0


def test_the_same_seed_draws_the_same():
    draw = parse("exp:mean=1s").draw
    assert draw(Random(7)) == draw(Random(7)) != draw(Random(8))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("20", "write 20s"),
        ("gauss:mean=1s", "'gauss' is no distribution; there are uniform, normal, lognormal, exp, and a value alone"),
        ("uniform:10ms", "uniform needs two ends, such as uniform:10ms-30ms, not '10ms'"),
        ("uniform:30ms-10ms", "write uniform:10ms-30ms"),
        ("exp:20ms", "exp has no part '20ms'; write exp:mean=..."),
        ("normal:mean=1s", "normal lacks sd; write normal:mean=...,sd=..."),
        ("normal:mean=1s,mean=1s,sd=1s", "normal has mean twice"),
        ("lognormal:p50=2s,p99=1s", "a p99 that is not below it"),
        ("lognormal:p50=0s,p99=1s", "a p50 above zero"),
        ("lognormal:p50=2,p99=1s", "write 2s"),
    ],
)
def test_what_is_wrong_is_named(text, says):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared
        parse(text)
    assert says in str(error.value)


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf"])
def test_a_number_is_finite_and_not_negative(text):
    with pytest.raises(ValueError, match="is not a number"):
        parse(text, read_number)
