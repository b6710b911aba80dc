"""Limits that several workers cannot hold together are errors, where they stand."""

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError, Severity
from sluicegate.pipeline.registry import Registry

SIM = "providers: {sim: {type: simulator}}\n"
TWO = "server: {workers: 2}\n"
QUIET = "cache: {enabled: false}\nrecall: {enabled: false}\n"
SHARED = "stores: {shared: {type: redis, url: 'redis://127.0.0.1'}}\n"
KEY = "auth:\n  api_keys:\n  - {key: 0123456789abcdef, name: ann, concurrency: 3}\n"


def errors(text: str) -> list[str]:
    try:
        problems = load(TWO + QUIET + text, {}, Registry(), name="c").problems
    except ConfigError as error:
        problems = tuple(error.problems)
    assert all(problem.code == "per-worker" for problem in problems)
    return [str(problem) for problem in problems if problem.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (SIM + "limit: {concurrency: 5}\n", 5, 22),
        (SIM + "limit: {requests: [5/s], user: {concurrency: 5}}\n", 5, 46),
        (SIM + "limit:\n  team:\n    concurrency: 5\n", 7, 18),
        (SIM + KEY, 7, 53),
        ("providers: {sim: {type: simulator, rate_limit: {concurrency: 5}}}\n", 4, 62),
        (SIM + "models:\n  m: {targets: [sim/m], rate_limit: {concurrency: 5}}\n", 6, 51),
    ],
    ids=["keys", "users", "teams", "a key", "a provider", "a model"],
)
def test_requests_at_once_are_an_error_with_several_workers_and_the_memory_store(
    text: str, line: int, column: int
) -> None:
    (told,) = errors(text)
    assert told.startswith(f"c:{line}:{column}: error: concurrency: would hold for each of several workers apart")
    assert "Redis" in told
    assert load(QUIET + text, {}, Registry()).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        SIM + "limit: {requests: [5/s], tokens: [5/s], cost: [$1/h], budgets: {day: $5}}\n",
        "providers: {sim: {type: simulator, rate_limit: {requests: [5/s], budgets: {total: $5}}}}\n",
        SIM
        + "limit: {enabled: false, concurrency: 5}\nmodels: {m: {targets: [sim/m], rate_limit: {concurrency: 5}}}\n",
        SIM + SHARED + "limit: {store: shared, concurrency: 5}\n" + KEY,
        SHARED + "providers: {sim: {type: simulator, rate_limit: {concurrency: 5}}}\ncall: {store: shared}\n",
    ],
)
def test_what_workers_share_is_none_and_neither_is_what_another_store_counts(text: str) -> None:
    assert errors(text) == []
