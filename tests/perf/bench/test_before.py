"""This checkout beside another commit, which here is the same one."""

import sys

import pytest

from sluicegate.perf.bench.before import main
from sluicegate.perf.processes import cores, pin

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")


@linux
def test_a_commit_is_compared_with_itself(capsys):
    found = cores()
    try:
        code = main([sys.executable, "--rounds", "2", "--requests", "100"])
    finally:
        pin(found)
    said = capsys.readouterr()
    assert "throughput, requests/s" in said.out
    assert (code == 1) == ("at least 0.85 is wanted" in said.err)


def test_an_interpreter_that_is_not_there_is_told(capsys):
    found = cores()
    try:
        assert main(["/no/such/python"]) == 1
    finally:
        pin(found)
    assert "/no/such/python" in capsys.readouterr().err
