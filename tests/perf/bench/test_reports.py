"""What the standard set writes: figures beside targets, where they are from, and nothing of what stands around them."""

import re
import subprocess
import sys

import pytest

from sluicegate.perf.bench.machine import OtherWork, build, commit, facts
from sluicegate.perf.bench.rows import Row, at_least, at_most, number, row_table
from sluicegate.perf.bench.sections import REPORT, NoSection, replaced, write

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")


def test_a_target_is_reached_or_not():
    assert at_least("speed", 4500, 4500, "requests/s") == Row("speed", "4,500 requests/s", "at least 4,500", True)
    assert at_least("speed", 4499.9, 4500, "requests/s").verdict == "no"
    assert at_most("time", 0.399, 0.4, "ms").verdict == "yes"
    assert at_most("time", 0.4, 0.4, "ms") == Row("time", "0.40 ms", "under 0.40", False)
    assert Row("cores", "1.9").verdict == ""


def test_numbers_have_three_digits():
    assert [number(value) for value in (0.123, 1.234, 12.34, 123.4, 12345.6, 4.0)] == [
        *("0.12", "1.23", "12.3", "123", "12,346", "4")
    ]


def test_a_table_shows_what_is_not_reached():
    shown = row_table([at_most("time", 2, 1, "ms"), at_most("size", 1, 2, "MiB"), Row("cores", "1.9")])
    assert shown.splitlines()[2:] == [
        "| time | 2 ms | under 1 | **no** |",
        "| size | 1 MiB | under 2 | yes |",
        "| cores | 1.9 |  |  |",
    ]


HAND = "# A\n\nby hand\n\n<!-- one: written by a program -->\n<!-- end of one -->\n\nalso by hand\n"


def test_what_is_written_by_hand_stays(tmp_path):
    file = tmp_path / "r.md"
    file.write_text(HAND)
    write(file, "one", "first")
    write(file, "one", "second\n")
    assert file.read_text() == HAND.replace("<!-- end of one", "\nsecond\n\n<!-- end of one")


@pytest.mark.parametrize("report", ["", HAND.replace("end of one", "end of two"), HAND.replace("one: ", "two: ")])
def test_a_report_without_the_section_is_left_alone(report):
    with pytest.raises(NoSection, match="one: written by a program"):
        replaced(report, "one", "text")


def test_the_report_that_ships_has_all_sections():
    report = REPORT.read_text()
    for name in ("standard", "peers", "connections", "soak"):
        assert "a new text" in replaced(report, name, "a new text")


def test_facts_name_the_python_that_runs():
    about = dict(facts())
    assert sys.version.split()[0] in about["Python"]
    assert about.keys() == {"date", "CPU", "kernel", "Python", "commit"}


def test_a_python_is_optimized_by_its_option_or_by_its_distribution():
    assert build("--prefix=/x --enable-optimizations", "/opt/python") == "an optimized build"
    assert build("--prefix=/usr", "/usr/bin/python9") == "the system's own build"
    assert build("--prefix=/x", "/opt/python") == "not an optimized build, which makes it slower"


def test_a_commit_is_named_with_what_differs_from_it(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=tmp_path, check=True)

    assert commit(tmp_path / "nowhere") == "unknown"
    git("init", "--quiet")
    for name in ("a.py", "r.md"):
        (tmp_path / name).write_text("1")
    git("add", ".")
    git("commit", "--quiet", "-m", "x")
    (tmp_path / "r.md").write_text("a new report is no change")
    assert re.fullmatch("[0-9a-f]{12}", commit(tmp_path))
    (tmp_path / "a.py").write_text("2")
    assert re.fullmatch("[0-9a-f]{12}, with changes", commit(tmp_path))


@linux
def test_the_work_of_others_is_told_in_cores():
    others = OtherWork()
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"], check=True)
    told = others.told()
    assert re.fullmatch(r"\d+\.\d\d cores on average", told), told
