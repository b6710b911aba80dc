"""The run of a million requests: that it is mixed, that it looks at memory in time, and that growth is found."""

import sys
from collections import Counter
from itertools import islice

import pytest

from sluicegate.perf.bench.soak import REPEATED, Watch, main, mixed
from sluicegate.perf.load.measurement import Measurement
from sluicegate.perf.processes import cores, pin

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")
MIB = 2**20


def watched(*sizes):
    return Watch(1, 10, [(10 * (place + 1), size * MIB) for place, size in enumerate(sizes)])


def test_requests_of_all_kinds_are_mixed():
    shots = list(islice(mixed(), 40 * REPEATED))
    often = Counter(shot.body for shot in shots)
    repeated = sum(times for times in often.values() if times > 1)
    assert repeated == 40 * 9  # 7 that the cache has and 2 refused ones of each 20
    assert sum(shot.stream for shot in shots) == 40 * 5
    assert {len(body) > 15_000 for body in often} == {False, True}
    assert [shot.body for shot in islice(mixed(), 100)] == [shot.body for shot in shots[:100]]


def test_growth_is_that_since_memory_has_settled():
    assert watched(100, 150, 150, 153).growth(20) == pytest.approx(0.02)
    assert watched(100, 150, 160, 120).growth(20) == pytest.approx(10 / 150)
    assert watched(100, 150, 140, 120).growth(20) < 0
    with pytest.raises(ValueError, match="too soon"):
        watched(100, 150).growth(20)


def test_a_figure_is_the_median_of_many_looks(capsys):
    sizes = iter([100, 500, 130, 120])
    watch, measured = Watch(1, 10, look=lambda pid: next(sizes) * MIB), Measurement()
    for requests in (3, 6, 10, 12):
        measured.answers = requests
        watch(measured)
    assert watch.seen == [(10, 130 * MIB)]
    assert "10 requests    130.0 MiB resident, 100.0 to 500.0" in capsys.readouterr().out
    watch.conclude(measured)
    watch.conclude(measured)
    assert watch.seen[1:] == [(12, 120 * MIB)]


REPORT = "<!-- soak: written by a program -->\n<!-- end of soak -->"


@linux
def test_a_short_run_looks_now_and_then_and_writes(tmp_path, capsys):
    report = tmp_path / "r.md"
    report.write_text(REPORT)
    found = cores()
    try:
        main(["--report", str(report), "--requests", "3000"])
    finally:
        pin(found)
    said = capsys.readouterr().out
    assert said.count(" MiB resident, ") >= 2
    assert "| requests | 3,000 in " in report.read_text()
    assert "http_400 225, http_404 75" in report.read_text()


@linux
def test_a_run_without_time_to_tell_fails(tmp_path, capsys):
    report = tmp_path / "r.md"
    report.write_text(REPORT)
    found = cores()
    try:
        assert main(["--report", str(report), "--minutes", "0"]) == 1
    finally:
        pin(found)
    assert "too soon" in capsys.readouterr().err
    assert report.read_text() == REPORT
