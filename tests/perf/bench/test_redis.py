"""The figures of a Redis: that they are of the same run, and that they go where they belong."""

import pytest

from sluicegate.perf.bench import redis
from sluicegate.perf.bench.redis import main

REPORT = "<!-- redis: written by a program -->\n<!-- end of redis -->\n"


@pytest.mark.redis
def test_figures_of_both_stand_in_the_report_with_their_ratio(tmp_path, capsys):
    report = tmp_path / "REPORT.md"
    report.write_text(REPORT)
    assert main(["--report", str(report), "--seconds", "0.05"]) == 0
    text, printed = report.read_text(), capsys.readouterr().out
    for row in (
        "GET over TCP, 64 tasks",
        "GET over TCP, redis-py in 64 threads",
        "times as many over TCP",
        "hits in three",
    ):
        assert f"| {row}" in text
        assert row in printed


def test_without_a_server_nothing_is_measured_and_that_is_said(tmp_path, capsys, monkeypatch):
    report = tmp_path / "REPORT.md"
    report.write_text(REPORT)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--report", str(report)]) == 1
    assert capsys.readouterr().err == f"nothing is measured: there is no {redis.SERVER} here\n"
    assert report.read_text() == REPORT
