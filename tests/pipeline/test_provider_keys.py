"""Keys of callers for providers, in their header."""

import pytest

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.provider_keys import take_provider_keys


def test_callers_keys_for_providers_are_taken_out_of_the_headers():
    sent = {"x-sluicegate-provider-key": "openai=sk-1=, other = k", "accept": "*/*"}
    assert take_provider_keys(sent) == {"openai": "sk-1=", "other": "k"}
    assert sent == {"accept": "*/*"}
    assert take_provider_keys({}) == {}


@pytest.mark.parametrize("value", ["sk-alone", "=sk-1", "openai=", "a=b,", ""])
def test_a_key_without_a_providers_name_is_refused_and_not_quoted(value):
    with pytest.raises(InvalidRequest, match="takes NAME=KEY") as refusal:
        take_provider_keys({"x-sluicegate-provider-key": value})
    assert "sk-" not in refusal.value.message
