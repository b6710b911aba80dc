"""A stage stands behind those whose findings it uses; the other way round a pipeline is refused."""

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError, Severity
from tests.config.rooms import rooms

SIM = "providers: {sim: {type: simulator}}\n"


@pytest.mark.parametrize(
    ("pipeline", "column", "stage", "needed"),
    [
        ("auth, validate, route, call", 12, "auth", "validate"),
        ("limit, validate, auth, route, call", 12, "limit", "auth"),
        ("filter, validate, route, call", 12, "filter", "validate"),
        ("validate, cache, auth, route, call", 22, "cache", "auth"),
        ("validate, recall, auth, route, call", 22, "recall", "auth"),
        ("cache, validate, route, call", 12, "cache", "validate"),
        ("route, validate, call", 12, "route", "validate"),
    ],
)
def test_an_order_that_undoes_a_stage_is_an_error_with_its_place(pipeline, column, stage, needed):
    with pytest.raises(ConfigError) as caught:
        load(SIM + f"pipeline: [{pipeline}]", {}, rooms(), name="c")
    assert [str(one) for one in caught.value.problems if one.severity is Severity.ERROR] == [
        f"c:2:{column}: error: stage {stage!r} stands before {needed!r}, whose findings it uses; "
        f"move {needed!r} before it"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "pipeline: [validate, auth, limit, filter, cache, route, call, meter]",
        "pipeline: [auth, limit, route, call]",
        "pipeline: [cache, auth, validate, route, call]\ncache: {enabled: false}\nauth: {enabled: false}",
    ],
)
def test_a_stage_may_do_without_those_that_are_not_there(text):
    problems = load(SIM + text, {}, rooms()).problems
    assert [one for one in problems if one.code == "stage-order"] == []
