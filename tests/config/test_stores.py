"""The section `stores`, and stages that name one."""

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.mask import masked
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.registry import Registry

SIM = "providers: {s: {type: simulator}}\n"
SHARED = 'stores: {shared: {type: redis, url: "${REDIS_URL:-}"}}\n'
URL = "redis://:s3cr3t@cache.example"


def loaded(text, **environ):
    return load(f"{SIM}{text}", environ, Registry(), name="c")


def wrong(text, **environ):
    with pytest.raises(ConfigError) as error:
        loaded(text, **environ)
    return [str(problem) for problem in error.value.problems]


def test_a_store_has_what_the_section_says_and_defaults_for_the_rest():
    text = f"stores:\n  shared: {{type: redis, url: '{URL}', on_failure: closed, timeout: 1s, prefix: 'a:'}}\n"
    store = loaded(text).config.stores["shared"]
    assert (store.url, store.on_failure, store.timeout, store.prefix) == (URL, "closed", 1.0, "a:")
    store = loaded(SHARED, REDIS_URL=URL).config.stores["shared"]
    assert (store.url, store.on_failure, store.timeout, store.prefix) == (URL, "open", 0.05, "sluicegate:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "stores: {shared: {type: redis}}\ncache: {store: sharde}\n",
            ["c:3:16: error: store: 'sharde' is no store of the section `stores`; did you mean 'shared'?"],
        ),
        (
            "recall:\n  store: shared\n",
            ["c:3:10: error: store: 'shared' is no store of the section `stores`; known: memory"],
        ),
        (
            "stores: {memory: {type: redis}}\n",
            ["c:2:10: error: a store cannot be called 'memory': that one always exists"],
        ),
        ("stores: {a: {type: disk}}\n", ["c:2:20: error: type: expected one of redis, found the text 'disk'"]),
        (
            "stores: {a: {type: redis, url: 'http://x'}}\n",
            ["c:2:32: error: url: must begin with one of redis://, rediss://, unix://"],
        ),
        ("stores: {a: {type: redis, timeout: 0s}}\n", ["c:2:36: error: timeout: must be more than 0s, is 0s"]),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text, told):
    problems = [problem for problem in wrong(text) if ": error: " in problem]
    assert problems == told


def test_a_url_in_a_variable_that_is_not_set_leaves_the_store_out_and_says_which():
    found = loaded(f"{SHARED}cache: {{store: shared}}\n")
    assert [str(problem) for problem in found.problems] == [
        "c:2:10: warning: store 'shared' is left out: REDIS_URL is not set; "
        "what names it stays in each process' own memory"
    ]
    assert found.config.stores["shared"].url == ""


def test_what_is_in_a_store_is_not_apart_in_each_worker_unless_that_is_left_out():
    text = f"{SHARED}server: {{workers: 2}}\ncache: {{store: shared}}\n"
    assert [problem.path for problem in loaded(text, REDIS_URL=URL).problems] == ["recall"]
    assert [problem.path for problem in loaded(text).problems] == ["recall", "cache", "stores.shared"]


def test_the_configuration_in_force_shows_no_url():
    shown = masked(loaded(SHARED, REDIS_URL=URL).config)["stores"]["shared"]
    assert shown["url"] == "***"
    assert shown["timeout"] == "50ms"
