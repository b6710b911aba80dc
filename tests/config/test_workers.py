"""What several workers count together is no fault: limits of all kinds hold for the host as a whole."""

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry

SIM = "providers: {sim: {type: simulator}}\n"
TWO = "server: {workers: 2}\ncache: {enabled: false}\nrecall: {enabled: false}\n"


@pytest.mark.parametrize(
    "text",
    [
        SIM + "limit: {requests: [5/s], tokens: [5/s], cost: [$1/h], concurrency: 5, budgets: {day: $5}}\n",
        "providers: {sim: {type: simulator, rate_limit: {requests: [5/s], concurrency: 5}}}\n",
        SIM + "auth:\n  api_keys:\n  - {key: 0123456789abcdef, name: ann, concurrency: 3}\n",
    ],
)
def test_limits_of_several_workers_need_no_other_store(text: str) -> None:
    assert load(TWO + text, {}, Registry()).problems == ()
