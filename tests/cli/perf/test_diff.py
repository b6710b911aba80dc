"""`sluicegate perf diff`: its output, its exit codes, and what is wrong use."""

import json

import pytest

from sluicegate.cli import main

OLD = "providers: { simulator: { type: simulator } }\nmodels: { demo: { targets: [simulator/echo] } }\n"
NEW = OLD + "limit: { requests: [10/min] }\n"


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(NEW)
    return tmp_path


def run(capsys, *arguments):
    code = main(["perf", "diff", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_changes_are_told_and_are_no_failure_by_themselves(capsys):
    code, out, err = run(capsys, "old.yaml", "new.yaml", "agent")
    assert (code, err) == (0, "")
    assert out.startswith("87 of 87 recorded requests asked again; ")
    assert "answered -> 429 rate_limit_exceeded" in out


def test_they_can_be_a_failure(capsys):
    assert run(capsys, "old.yaml", "new.yaml", "agent", "--fail-on-change")[0] == 1
    assert run(capsys, "old.yaml", "old.yaml", "agent", "--fail-on-change")[0] == 0


def test_programs_get_json(capsys):
    _, out, _ = run(capsys, "old.yaml", "new.yaml", "agent", "--json")
    told = json.loads(out)
    assert (told["takes"], told["as_recorded"]["old"]) == (87, 87)
    assert told["changes"]["refusals"][0]["new"] == "429 rate_limit_exceeded"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["old.yaml", "new.yaml", "nope"], "sluicegate perf diff: there is no file nope, and no shipped cassette"),
        (["old.yaml", "new.yaml", "old.yaml"], "sluicegate perf diff: old.yaml is no cassette"),
        (["gone.yaml", "new.yaml", "chat"], "sluicegate perf diff: gone.yaml"),
        (["bad.yaml", "new.yaml", "chat"], "bad.yaml:1:1: error: unknown key 'x'"),
    ],
)
def test_what_cannot_be_compared_is_wrong_use(files, capsys, arguments, told):
    (files / "bad.yaml").write_text("x: 1\n")
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(told)
