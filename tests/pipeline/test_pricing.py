"""What usage costs: every kind at its own price, rounded once, and nothing where nobody knows."""

import time

import msgspec
import pytest

from sluicegate.pipeline.pricing import FREE, NoPrices, Price, Rates, Scale, cost_of, dollars
from sluicegate.pipeline.reply import Usage

M = 10**9
"""Femto-dollars for one at a dollar a million."""
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
EVERY = Rates(*(prime * M for prime in PRIMES))
ONLY_TOKENS = Price(Rates(input=2 * M, output=8 * M))


def cost(price: Price, **counted: float) -> int:
    return price.cost(msgspec.convert(counted, Usage))


def test_tokens_cost_their_price_in_nano_dollars():
    assert cost(ONLY_TOKENS, input=1000, output=10) == 2_000_000 + 80_000


@pytest.mark.parametrize(
    ("kind", "around"),
    [
        ("cached", {"input": 10}),
        ("cache_write", {"input": 10}),
        ("cache_write_1h", {"input": 10, "cache_write": 10}),
        ("audio_input", {"input": 10}),
        ("audio_cached", {"input": 10, "cached": 10, "audio_input": 10}),
        ("image_input", {"input": 10}),
        ("image_cached", {"input": 10, "cached": 10, "image_input": 10}),
        ("reasoning", {"output": 10}),
        ("audio_output", {"output": 10}),
        ("image_output", {"output": 10}),
    ],
)
def test_tokens_of_a_kind_cost_its_price_and_not_that_of_what_they_are_a_part_of(kind, around):
    assert cost(Price(EVERY), **around, **{kind: 10}) == 10 * getattr(EVERY, kind) // 10**6


@pytest.mark.parametrize("kind", ["cached", "cache_write", "audio_input", "image_input"])
def test_input_without_a_price_of_its_own_costs_what_any_other_does(kind):
    assert cost(ONLY_TOKENS, input=10, **{kind: 10}) == 20_000


@pytest.mark.parametrize("kind", ["reasoning", "audio_output", "image_output"])
def test_output_without_a_price_of_its_own_costs_what_any_other_does(kind):
    assert cost(ONLY_TOKENS, output=10, **{kind: 10}) == 80_000


def test_what_is_kept_for_an_hour_costs_what_is_kept_for_minutes_if_nothing_else_is_said():
    price = Price(Rates(input=2 * M, cache_write=3 * M))
    assert cost(price, input=10, cache_write=10, cache_write_1h=4) == 30_000


def test_cached_sound_without_a_price_for_both_costs_what_sound_does():
    price = Price(Rates(input=2 * M, cached=M, audio_input=20 * M))
    assert cost(price, input=10, cached=10, audio_input=10, audio_cached=10) == 200_000


def test_cached_sound_costs_what_is_cached_where_sound_has_no_price():
    assert cost(Price(Rates(input=2 * M, cached=M)), input=10, cached=10, audio_input=10, audio_cached=10) == 10_000


def test_tokens_that_are_not_billed_cost_nothing():
    assert cost(ONLY_TOKENS, input=70, unbilled_input=65, output=20, unbilled_output=16) == 10_000 + 32_000


def test_what_is_counted_one_by_one_is_added():
    price = Price(Rates(images=4 * 10**13, characters=15 * M, searches=10**13, requests=5 * 10**12, seconds=10**11))
    assert cost(price, images=2) == 80_000_000 + 5_000_000
    assert cost(price, characters=1000) == 15_000_000 + 5_000_000
    assert cost(price, searches=3) == 30_000_000 + 5_000_000
    assert cost(price, seconds=2.5) == 250_000 + 5_000_000


def test_sound_is_paid_for_the_least_that_is_sold():
    price = Price(Rates(seconds=10**11), least_seconds=10.0)
    assert cost(price, seconds=0.5) == cost(price, seconds=10.0) == 1_000_000
    assert cost(price, seconds=11.0) == 1_100_000
    assert cost(price) == 0


def test_a_large_request_has_all_of_its_tokens_at_the_higher_price():
    price = Price(
        Rates(input=M, output=2 * M), [(200_000, Rates(input=2 * M, output=4 * M)), (1_000_000, Rates(input=9 * M))]
    )
    assert cost(price, input=200_000, output=10) == 200_000_000 + 20_000
    assert cost(price, input=200_001, output=10) == 400_002_000 + 40_000
    assert cost(price, input=1_000_001, output=10) == 9_000_009_000


def test_a_class_of_service_has_prices_of_its_own():
    flex = Scale(Rates(input=M), ((100, Rates(input=5 * M)),))
    price = Price(Rates(input=2 * M), [(100, Rates(input=9 * M))], {"flex": flex})
    assert cost(price, input=10, tier="flex") == 10_000
    assert cost(price, input=200, tier="flex") == 1_000_000
    assert cost(price, input=200) == cost(price, input=200, tier="priority") == 1_800_000


def test_a_cost_is_rounded_once_halves_up():
    price = Price(Rates(input=500_000, output=250_000))  # half a nano-dollar, and a quarter
    assert [cost(price, input=one) for one in (1, 2, 3)] == [1, 1, 2]
    assert [cost(price, output=one) for one in (1, 2, 3)] == [0, 1, 1]
    assert cost(price, input=1, output=1) == 1


def test_counts_that_contradict_each_other_make_nothing_else_cheaper():
    price = Price(Rates(input=2 * M, cached=M, output=8 * M, reasoning=M))
    assert cost(price, input=1, cached=100, output=10) == 1_000 + 80_000
    assert cost(price, output=1, reasoning=100) == 0


@pytest.mark.parametrize(
    ("kind", "covered", "bare"),
    [
        ("input", Usage(output=1, images=1), Usage(images=1)),
        ("output", Usage(input=1), Usage(characters=1)),
        ("seconds", Usage(seconds=1.0, input=5), Usage(input=5, output=1, estimated=True)),
        ("images", Usage(images=1), Usage(input=5)),
        ("characters", Usage(characters=1, input=5), Usage(seconds=1.0)),
    ],
)
def test_a_price_covers_usage_of_which_it_has_a_price_for_anything(kind, covered, bare):
    price = Price(Rates(**{kind: M}))
    assert price.covers(covered)
    assert not price.covers(bare)
    assert price.covers(Usage())


@pytest.mark.parametrize("price", [FREE, Price(Rates(requests=M))], ids=["free", "by the request"])
def test_what_is_free_or_paid_by_the_request_covers_whatever_is_counted(price):
    assert price.covers(Usage(input=1, images=1, seconds=1.0))


def test_what_has_no_known_price_has_no_cost():
    assert cost_of(None, Usage(input=1)) is None
    assert cost_of(ONLY_TOKENS, Usage(characters=10)) is None
    assert NoPrices().of("openai", "openai", "gpt-4o", 0.0) is None


def test_nothing_costs_nothing_at_any_price():
    assert cost_of(None, Usage()) == cost_of(ONLY_TOKENS, Usage()) == 0


def test_what_the_provider_charges_goes_before_what_is_known_of_its_prices():
    usage = Usage(input=1000, charged=77)
    assert cost_of(None, usage) == cost_of(ONLY_TOKENS, usage) == 77


def test_a_price_that_was_set_goes_before_what_the_provider_charges():
    assert cost_of(Price(Rates(input=M), configured=True), Usage(input=1000, charged=77)) == 1_000_000


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0"),
        (1, "0.000000001"),
        (150_000, "0.00015"),
        (1_000_000_000, "1"),
        (12_340_000_000, "12.34"),
        (10**21, "1000000000000"),
        (-150_000, "-0.00015"),
    ],
)
def test_dollars_are_written_without_an_exponent(nano, text):
    assert dollars(nano) == text


def test_a_cost_takes_no_longer_than_reading_some_lines_of_json():
    """Of five runs the best, in turns, beside decoding a usage: the machine's other work falls on both."""
    price = Price(EVERY, [(100, EVERY), (200, EVERY)])
    usage = Usage(input=1000, output=500, cached=100)
    body = msgspec.json.encode({"usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}})

    def timed(work):
        began = time.process_time()
        for _ in range(5000):
            work()
        return time.process_time() - began

    costs, decodings = [], []
    for _ in range(5):
        costs.append(timed(lambda: cost_of(price, usage)))
        decodings.append(timed(lambda: msgspec.json.decode(body)))
    assert min(costs) < 15 * min(decodings)
