"""What a configuration says of a client's connection is what the server keeps to."""

import pytest

from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.adapters.http.server import limits_of
from sluicegate.pipeline.config.sections import PatienceSettings, ServerSettings


def test_without_a_word_in_the_configuration_all_limits_are_the_defaults():
    assert limits_of(ServerSettings()) == Limits()


@pytest.mark.parametrize(("setting", "limit"), [("idle", "idle_time"), ("body", "body_time"), ("write", "write_time")])
def test_patience_is_the_connections_own(setting, limit):
    settings = ServerSettings(patience=PatienceSettings(**{setting: 7.0}))
    assert limits_of(settings) == Limits(**{limit: 7.0})
