"""Turns by weight, and keys that rest."""

import logging
from collections import Counter

import pytest

from sluicegate.pipeline.errors import UpstreamBusy, UpstreamError, UpstreamRefused
from sluicegate.pipeline.keyring import BUSY, LONGEST, REFUSED, Keyring
from tests.stages.exchanges import provider


def ring(*weights: int) -> tuple[Keyring, list]:
    keyed = [provider("up") for _ in weights]
    return Keyring(list(zip(keyed, weights, strict=True))), keyed


def turns(keys: Keyring, keyed: list, count: int, now: float = 0.0) -> list[int]:
    places = {id(one): place for place, one in enumerate(keyed)}
    return [places[id(keys.pick(now))] for _ in range(count)]


def test_turns_follow_the_weights_exactly_and_are_mixed():
    keys, keyed = ring(5, 1, 1)
    assert turns(keys, keyed, 7) == [0, 0, 1, 0, 2, 0, 0]
    assert Counter(turns(keys, keyed, 700)) == {0: 500, 1: 100, 2: 100}


def test_equal_keys_take_turns():
    assert turns(*ring(1, 1, 1), 6) == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("error", "rest"),
    [
        (UpstreamRefused("no"), REFUSED),
        (UpstreamRefused("no", code="insufficient_quota"), REFUSED),
        (UpstreamBusy("slow down"), BUSY),
        (UpstreamBusy("slow down", retry_after=30.0), 30.0),
        (UpstreamBusy("tomorrow", retry_after=86400.0), LONGEST),
    ],
)
def test_a_key_that_is_refused_or_rate_limited_rests(error, rest):
    keys, keyed = ring(1, 1)
    assert keys.failed(keyed[0], error, 100.0)
    assert set(turns(keys, keyed, 4, 100.0 + rest - 0.01)) == {1}
    assert set(turns(keys, keyed, 4, 100.0 + rest)) == {0, 1}


def test_any_other_failure_is_the_providers():
    keys, keyed = ring(1, 1)
    assert not keys.failed(keyed[0], UpstreamError("it broke"), 0.0)
    assert keys.resting(0.0) == 0


def test_where_all_keys_rest_it_is_the_providers_matter_and_the_first_to_be_ready_goes_on():
    keys, keyed = ring(1, 1)
    assert keys.failed(keyed[1], UpstreamBusy("no", retry_after=10.0), 0.0)
    assert not keys.failed(keyed[0], UpstreamBusy("no", retry_after=20.0), 0.0)
    assert turns(keys, keyed, 3, 1.0) == [1, 1, 1]


def test_the_log_says_once_which_key_rests_and_not_what_it_is(caplog):
    keys, keyed = ring(1, 1)
    with caplog.at_level(logging.WARNING):
        keys.failed(keyed[1], UpstreamRefused("no"), 0.0)
        keys.failed(keyed[1], UpstreamRefused("no"), 0.1)
    assert [record.message for record in caplog.records] == [
        "provider up: key 2 of 2 rests for 60 s: upstream_auth_error"
    ]
    assert repr(keys) == "<Keyring: 2>"
