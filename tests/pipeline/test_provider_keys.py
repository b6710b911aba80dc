"""The header by which callers bring keys of their own for providers."""

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.provider_keys import PROVIDER_KEY, take_provider_keys


def test_keys_are_taken_out_of_the_headers():
    headers = {PROVIDER_KEY: "a=1, b = two=2", "x": "y"}
    assert take_provider_keys(headers) == {"a": "1", "b": "two=2"}
    assert headers == {"x": "y"}


@pytest.mark.parametrize("value", ["secret", "=secret", "secret=", "a=secret,a=secret", "a=secret,"])
def test_what_has_another_form_is_refused_and_not_quoted(value):
    with pytest.raises(InvalidRequest) as caught:
        take_provider_keys({PROVIDER_KEY: value})
    assert "secret" not in caught.value.message
