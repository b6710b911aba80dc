"""`sluicegate perf` and its list of cassettes."""

import re

from sluicegate.cli import main
from sluicegate.perf.shelf import TRACES


def test_every_shipped_cassette_is_listed(capsys):
    assert main(["perf", "traces"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(TRACES)
    assert lines[1].split()[1:3] == ["240", "33"]


def test_without_a_verb_they_are_all_named(capsys):
    assert main(["perf"]) == 0
    shown = capsys.readouterr().out
    assert "traces    List the shipped cassettes." in shown
    assert main(["--help"]) == 0
    assert re.search(r"^  perf +Measure a gateway", capsys.readouterr().out, re.MULTILINE)


def test_a_misspelt_verb_is_told_in_one_line(capsys):
    assert main(["perf", "tarces"]) == 2
    assert capsys.readouterr().err.startswith("sluicegate perf: No such command 'tarces'.")
