"""`sluicegate keys`, `users` and `teams`: what they print, and what they say to who asks for the wrong thing."""

import json
import re

import pytest

from sluicegate.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of its own, with the state in it; the command line reads its environment from the process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICEGATE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SLUICEGATE_KEY_SECRET", raising=False)
    return tmp_path


@pytest.fixture
def said(capsys):
    """Run a command line; return what it prints, or as JSON what that means."""

    def run(*arguments, code=0):
        assert main(arguments) == code
        told = capsys.readouterr()
        if code:
            assert told.out == ""
            assert len(told.err.splitlines()) == 1
            return told.err.strip()
        return json.loads(told.out) if "--json" in arguments else told.out

    return run


def test_a_key_is_made_with_all_that_may_be_said_of_it(said):
    said("teams", "create", "blue")
    said("users", "create", "Ann", "--team", "blue")
    made = said(
        *("keys", "create", "ci", "--owner", "Ann", "--user", "Ann", "--team", "blue", "--role", "admin"),
        *("--model", "openai/*", "--model", "fast", "--operation", "chat", "--expires", "2100-01-31T12:00:00Z"),
        *("--requests", "1/s", "--requests", "60/min", "--tokens", "9/min", "--cost", "$5/h", "--concurrency", "3"),
        *("--budget", "day=$1", "--budget", "total=$9.50", "--metadata", '{"a": [1]}', "--json"),
    )
    assert re.fullmatch(r"sk-sg-\S{43}", made.pop("key"))
    assert made.pop("user").startswith("user_")
    assert made.pop("team").startswith("team_")
    assert made.pop("id").startswith("key_")
    assert made.pop("prefix").startswith("sk-sg-")
    assert made.pop("created") == made.pop("changed")
    assert made == {
        "name": "ci",
        "enabled": True,
        "state": "active",
        "owner": "Ann",
        "role": "admin",
        "allowed_models": ["openai/*", "fast"],
        "allowed_operations": ["chat"],
        "expires": "2100-01-31T12:00:00Z",
        "rotated": None,
        "revoked": None,
        "previous": [],
        "limits": {"requests": ["1/s", "60/min"], "tokens": ["9/min"], "cost": ["$5/h"], "concurrency": 3},
        "budgets": {"day": "$1", "total": "$9.5"},
        "metadata": {"a": [1]},
    }


def test_an_update_changes_what_it_names_and_none_takes_back(said):
    said("keys", "create", "ci", "--requests", "60/min", "--tokens", "9/min", "--budget", "day=$1", "--model", "a")
    changed = said("keys", "update", "ci", "--tokens", "none", "--cost", "$5/h", "--budget", "month=$2", "--json")
    assert changed["limits"] == {"requests": ["60/min"], "tokens": None, "cost": ["$5/h"], "concurrency": None}
    assert changed["budgets"] == {"day": "$1", "month": "$2"}
    changed = said("keys", "update", "ci", "--budget", "day=none", "--model", "none", "--disabled", "--json")
    assert changed["budgets"] == {"month": "$2"}
    assert changed["allowed_models"] is None
    assert changed["state"] == "disabled"
    changed = said("keys", "update", "ci", "--enabled", "--name", "new", "--concurrency", "none", "--json")
    assert (changed["state"], changed["name"]) == ("active", "new")


def test_texts_are_shown_once_and_lists_have_beginnings(said):
    first = said("keys", "create", "ci", "--json")
    again = said("keys", "rotate", "ci", "--overlap", "2h", "--json")
    assert again["previous"][0]["prefix"] == first["prefix"]
    shown = said("keys", "show", "ci") + said("keys", "list") + json.dumps(said("keys", "list", "--json"))
    assert again["prefix"] in shown
    for text in (first["key"], again["key"]):
        assert text not in shown
    assert said("keys", "show", first["id"], "--json")["rotated"] is not None


def test_lists_are_of_one_user_or_team(said):
    said("teams", "create", "blue")
    said("users", "create", "Ann", "--team", "blue")
    for name, more in (("one", ("--user", "Ann")), ("two", ("--team", "blue")), ("three", ())):
        said("keys", "create", name, *more)

    def names(*arguments):
        return [row["name"] for row in said(*arguments, "--json")["data"]]

    assert names("keys", "list") == ["one", "two", "three"]
    assert names("keys", "list", "--user", "Ann") == ["one"]
    assert names("keys", "list", "--team", "blue") == ["two"]
    assert names("users", "list", "--team", "blue") == ["Ann"]
    assert names("teams", "list") == ["blue"]
    assert said("keys", "list").splitlines()[-1] == "3 keys"
    assert "there is no user 'nobody'" in said("keys", "list", "--user", "nobody", code=2)


def test_the_end_of_a_key(said):
    said("keys", "create", "ci")
    assert said("keys", "revoke", "ci", "--json")["state"] == "revoked"
    assert "for good" in said("keys", "update", "ci", "--enabled", code=2)
    assert re.fullmatch(r"key 'ci' \(key_\S+\) is deleted\n", said("keys", "delete", "ci"))
    assert said("keys", "show", "ci", code=2) == "sluicegate keys show: there is no key 'ci'"


@pytest.mark.parametrize("kind", ["user", "team"])
def test_users_and_teams_are_changed_shown_and_deleted(said, kind):
    made = said(f"{kind}s", "create", "x", "--requests", "5/min", "--budget", "day=$1", "--json")
    assert said(f"{kind}s", "show", "x", "--json") == made
    changed = said(f"{kind}s", "update", "x", "--disabled", "--tokens", "7/min", "--metadata", '{"a": 1}', "--json")
    assert (changed["enabled"], changed["metadata"]) == (False, {"a": 1})
    assert changed["limits"]["requests"] == ["5/min"]
    assert changed["limits"]["tokens"] == ["7/min"]
    assert said(f"{kind}s", "list").splitlines()[-1] == f"1 {kind}"
    said("keys", "create", "ci", f"--{kind}", "x")
    assert f"{kind} 'x' still has 1 key" in said(f"{kind}s", "delete", "x", code=2)
    said("keys", "delete", "ci")
    assert f"{kind} 'x' (" in said(f"{kind}s", "delete", "x")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "x", "--role", "root"), "role must be one of caller, admin"),
        (("create", "x", "--expires", "soon"), "expires 'soon' is neither"),
        (("create", "x", "--requests", "fast"), "limits.requests 'fast' is not a rate"),
        (("create", "x", "--budget", "5"), "--budget takes such as"),
        (("create", "x", "--budget", "year=$5"), "budgets.year is not known"),
        (("create", "x", "--concurrency", "many"), "--concurrency takes a whole number"),
        (("create", "x", "--metadata", "{"), "--metadata is no JSON"),
        (("create", "x", "--metadata", "[]"), "metadata must be an object"),
        (("create", "x", "--team", "nobody"), "there is no team 'nobody'"),
        (("create", "x\n"), "name must be printable"),
        (("create", "taken"), "there is a key with the name 'taken' already"),
        (("update", "taken"), "nothing to change"),
        (("rotate", "taken", "--overlap", "1y"), "overlap"),
        (("show", "'; DROP TABLE sluicegate_identities; --"), "there is no key"),
        (("list", "--config", "missing.yaml"), "missing.yaml"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(said, arguments, told):
    said("keys", "create", "taken")
    assert told in said("keys", *arguments, code=2)
    assert len(said("keys", "list", "--json")["data"]) == 1


def test_the_database_is_that_of_the_configuration(said, folder):
    (folder / "other.yaml").write_text(
        "database: { url: 'sqlite:///other.db' }\nproviders: { s: { type: simulator } }\n"
    )
    said("keys", "create", "there", "-c", "other.yaml")
    assert (folder / "other.db").exists()
    assert said("keys", "list", "--json")["data"] == []
    (folder / "bad.yaml").write_text("database: { url: 'mysql://root:hunter2@db/x' }\n")
    told = said("keys", "list", "-c", "bad.yaml", code=2)
    assert "hunter2" not in told
