"""A program's values to settings, without a file."""

import pytest

from sluicegate.pipeline.config.convert import convert
from sluicegate.pipeline.config.kinds import Rate, Secret
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.config.sections import HttpProviderSettings, HttpTimeoutSettings, ServerSettings
from tests.config.rooms import (
    AuthSettings,
    CacheSettings,
    FilterSettings,
    GuardSettings,
    Key,
    Level,
    LimitSettings,
    Where,
)


def test_text_has_units_and_bare_numbers_are_seconds_and_bytes():
    assert convert(CacheSettings, {"ttl": "2min", "max_entry": "2KiB"}) == CacheSettings(ttl=120.0, max_entry=2048)
    assert convert(CacheSettings, {"ttl": 2.5, "max_entry": 2048}) == CacheSettings(ttl=2.5, max_entry=2048)


def test_values_that_are_ready_are_taken_as_they_are():
    timeout = HttpTimeoutSettings(total=5.0)
    made = convert(HttpProviderSettings, {"type": "x", "timeout": timeout, "api_key": Secret("k")})
    assert made.timeout is timeout
    assert isinstance(made.api_key, Secret)
    assert convert(LimitSettings, {"requests": [Rate(1, 1.0), "2/s"]}).requests == (Rate(1, 1.0), Rate(2, 1.0))
    assert convert(FilterSettings, {"level": Level.LOW}).level is Level.LOW
    assert convert(GuardSettings, {"name": "a", "where": Where(host="h")}).where == Where(host="h")
    key = Key(key=Secret("k"), name="n", rate_limit=(Rate(1, 1.0),))
    assert convert(AuthSettings, {"api_keys": [key]}).api_keys == (key,)


@pytest.mark.parametrize(
    ("settings", "values", "message"),
    [
        (CacheSettings, {"ttl": 0}, "error: ttl: must be more than 0s, is 0s"),
        (CacheSettings, {"ttl": "30"}, "error: ttl: 30 has no unit; write 30s"),
        (CacheSettings, {"ttl": float("inf")}, "error: ttl: 'inf' is not a duration; write one such as 30s"),
        (CacheSettings, {"max_entry": 1.5}, "error: max_entry: 1.5 has no unit; write 1.5B"),
        (CacheSettings, {"strict": 1}, "error: strict: expected true or false, found 1"),
        (CacheSettings, {"ttl": Rate(1, 1.0)}, "error: ttl: expected a duration such as 30s, found a Rate"),
        (ServerSettings, {"cors": {"allowed_origins": "*"}}, "error: cors.allowed_origins: expected a list"),
        (GuardSettings, {}, "error: missing key 'name'"),
        (GuardSettings, {"name": "a", "where": {}}, "error: where: missing key 'host'"),
        (GuardSettings, {"name": "a", "modes": {"x": "y"}}, "error: modes.x: 'y' is not a duration; write one"),
        (AuthSettings, {"api_keys": [Rate(1, 1.0)]}, "error: api_keys[0]: expected a map of settings, found a Rate"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_path(settings, values, message):
    with pytest.raises(ConfigError) as caught:
        convert(settings, values)
    assert str(caught.value).startswith(message)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        convert(CacheSettings, {"ttl": "1", "store": "x", "shape": 1})
    assert len(caught.value.problems) == 3


def test_variables_are_for_files_only():
    assert convert(ServerSettings, {"host": "${HOST}"}).host == "${HOST}"


def test_a_wrong_secret_is_not_shown():
    with pytest.raises(ConfigError) as caught:
        convert(CacheSettings, {"ttl": Secret("sk-1")})
    assert "sk-1" not in str(caught.value)
