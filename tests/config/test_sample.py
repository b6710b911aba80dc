"""Filled configurations: they load, and say what holds without them."""

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.sample import flow, sample
from sluicegate.pipeline.registry import Registry, UnknownComponent
from tests.config.rooms import rooms

BUILT_IN = ["validate", "auth", "limit", "filter", "recall", "cache", "route", "call", "meter"]


@pytest.mark.parametrize("registry", [Registry(), rooms()], ids=["installed", "made for tests"])
def test_a_sample_of_all_stages_loads_and_changes_nothing(registry):
    found = load(sample(BUILT_IN, registry), {}, registry)
    plain = load("providers: {simulator: {type: simulator}}", {}, registry)
    assert found.config == plain.config
    assert found.problems == ()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_sample_of_one_stage_loads_with_what_no_pipeline_can_lack(name):
    found = load(sample([name], rooms()), {}, rooms())
    assert found.problems == ()
    assert {name, "validate", "route", "call"} == {stage for stage, _ in found.config.stages}


def test_stages_come_in_an_order_that_works():
    text = sample(["meter", "polish", "guard", "cache", "auth"], rooms())
    assert "pipeline: [validate, auth, cache, guard, route, call, polish, meter]" in text


def test_every_setting_has_its_meaning_and_default():
    text = sample(["cache", "guard"], rooms())
    assert "\n# The stage cache.\ncache:\n" in text
    assert "\n  # How long.\n  ttl: 1h\n" in text
    assert "\n  # Has no default.\n  # name:  this one has no default\n" in text
    assert "\n  enabled: true\n" in text


def test_keys_of_listed_sections_are_named():
    assert "# Each has: key, name, rate_limit, metadata.\n  api_keys: []" in sample(["auth"], rooms())


def test_an_unknown_stage_is_refused():
    with pytest.raises(UnknownComponent):
        sample(["nope"], rooms())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("30s", "30s"),
        ("true", '"true"'),
        ("0777", '"0777"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        ("${X}", '"$${X}"'),
        (["a", 1, None], "[a, 1, null]"),
        ({"a b": True}, '{ "a b": true }'),
        ({}, "{}"),
    ],
)
def test_values_are_written_so_that_they_are_read_back(value, text):
    assert flow(value) == text
