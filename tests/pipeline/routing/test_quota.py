import pytest

from sluicegate.pipeline.routing.quota import Quota, quota_in

NOW, WALL = 100.0, 1_800_000_000.0


def found(**headers: str) -> Quota | None:
    return quota_in({name.replace("_", "-"): value for name, value in headers.items()}, NOW, lambda: WALL)


def test_answers_that_say_nothing_tell_nothing():
    assert found(content_type="application/json") is None
    assert found(x_ratelimit_reset="12") is None


def test_the_scarcest_counts_with_its_own_reset():
    told = found(
        x_ratelimit_limit_requests="100",
        x_ratelimit_remaining_requests="50",
        x_ratelimit_reset_requests="1s",
        x_ratelimit_limit_tokens="1000",
        x_ratelimit_remaining_tokens="100",
        x_ratelimit_reset_tokens="6m0.5s",
    )
    assert told == Quota(0.1, NOW + 360.5)
    assert told.left(NOW + 360.0) == 0.1
    assert told.left(NOW + 360.5) == 1.0


@pytest.mark.parametrize(
    ("reset", "seconds"), [("250ms", 0.25), ("7", 7.0), ("soon", 60.0), ("", 60.0), ("9d", 3600.0)]
)
def test_a_reset_is_read_as_providers_write_it(reset, seconds):
    told = found(x_ratelimit_limit_requests="10", x_ratelimit_remaining_requests="1", x_ratelimit_reset_requests=reset)
    assert told == Quota(0.1, NOW + seconds)


def test_anthropics_headers_have_dates():
    told = found(
        anthropic_ratelimit_input_tokens_limit="200",
        anthropic_ratelimit_input_tokens_remaining="50",
        anthropic_ratelimit_input_tokens_reset="2027-01-15T08:00:30Z",
    )
    assert told == Quota(0.25, NOW + 30.0)


@pytest.mark.parametrize("number", ["nan", "inf", "-5", "many", "1e999"])
def test_absurd_numbers_do_no_harm(number):
    for limit, remaining in ((number, "1"), ("1", number)):
        told = found(x_ratelimit_limit_requests=limit, x_ratelimit_remaining_requests=remaining)
        assert told is None or 0.0 <= told.share <= 1.0
