"""What `serve` says first, in the cases that a running server seldom shows."""

from pathlib import Path

import pytest

from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.assembly import build
from sluicegate.cli.start_lines import start_lines
from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.registry import Registry


def said(key: AdminKey, workers: int = 1, **sections: object) -> str:
    loaded = load_values(sections, {}, Registry())
    return "\n".join(start_lines(build(loaded.config), loaded, url="http://127.0.0.1:1", key=key, workers=workers))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (AdminKey("k" * 20), "from SLUICEGATE_ADMIN_KEY"),
        (AdminKey("k" * 20, kept_in=Path("/state/admin-key")), "kept in /state/admin-key\n"),
        (AdminKey("k" * 20, kept_in=Path("/s/admin-key"), exposed=True), "others could read until now"),
        (AdminKey("secret-and-new", kept_in=Path("/s/admin-key"), made=True), "secret-and-new (new; kept in"),
    ],
)
def test_it_says_where_the_admin_key_is_and_shows_only_a_new_one(key, words):
    text = said(key)
    assert words in text
    assert "kkkk" not in text


def test_its_first_request_names_a_model_where_the_configuration_names_none():
    text = said(AdminKey("k" * 20), providers={"up": {"type": "openai", "api_key": "key"}})
    assert '"model": "up/gpt-4o-mini"' in text


def test_workers_are_told_and_what_all_of_them_may_hold():
    one, three = (said(AdminKey("k" * 20), workers) for workers in (1, 3))
    assert "  workers " not in one
    assert "  workers    3; SIGHUP " in three
    assert "cache 128 MiB, responses 64 MiB, keys 351.4 MiB; 10,000 log lines besides" in one
    assert "cache 384 MiB, responses 192 MiB, keys 1 GiB; 30,000 log lines besides" in three


def test_stores_are_told_and_what_memory_stands_in_for():
    shared = {"type": "redis", "url": "redis://:s3cr3t@cache.example", "on_failure": "closed"}
    text = said(AdminKey("k" * 20), stores={"shared": shared, "spare": {"type": "redis"}}, cache={"store": "shared"})
    told = "shared (redis, closed on failure), spare (no url: what names it stays in memory)"
    assert f"  stores     {told}\n" in text
    assert "s3cr3t" not in text
    assert "cache 64 MiB, responses 64 MiB, stores 64 MiB, keys" in text
    assert "  stores " not in said(AdminKey("k" * 20))


def test_it_says_where_the_ledger_is_and_for_how_long_and_shows_no_password():
    given = {"url": "postgresql://me:hunter2@host/x", "retention": "7d"}
    assert "  database   postgresql://***@host/x, kept 7d\n" in said(AdminKey("k" * 20), database=given)
    for_ever = said(AdminKey("k" * 20), database={"url": "sqlite:///a.db", "retention": "0s"})
    assert "  database   sqlite:///a.db, kept for ever\n" in for_ever
    assert "  database " not in said(AdminKey("k" * 20))
