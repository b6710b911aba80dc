"""The markers for tools that not every machine has: a test skips by name, or fails where the tool is required."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "[pytest]\nmarkers =\n  browser: -\n  model: -\n  npm: -\n"
TEST = "import pytest\n\n@pytest.mark.npm\ndef test_package_installs():\n    pass\n"


@pytest.fixture
def run_marked_test(tmp_path):
    """Run pytest with our conftest.py on one test marked `npm`, with `path` to look for commands in."""
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "test_marked.py").write_text(TEST)

    def run(path: Path, required: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-rsE", "-p", "no:cacheprovider"],
            cwd=tmp_path,
            env={**os.environ, "PATH": str(path), "PYTHONPATH": str(ROOT), "SLUICEGATE_REQUIRE_MARKERS": required},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.returncode, done.stdout

    return run


@pytest.fixture
def no_commands(tmp_path) -> Path:
    (tmp_path / "none").mkdir()
    return tmp_path / "none"


@pytest.fixture
def fake_npm(tmp_path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "npm").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "npm").chmod(0o755)
    return tmp_path / "bin"


LACKS = "test_package_installs is marked npm, and this machine lacks: command npm"


def test_marked_test_skips_by_name_without_its_tool(run_marked_test, no_commands):
    code, printed = run_marked_test(no_commands, required="")
    assert code == 0, printed
    assert "1 skipped" in printed
    assert LACKS in printed


def test_marked_test_fails_without_its_tool_where_that_is_required(run_marked_test, no_commands):
    code, printed = run_marked_test(no_commands, required="npm,model")
    assert code == 1, printed
    assert LACKS in printed


def test_marked_test_runs_with_its_tool(run_marked_test, fake_npm):
    code, printed = run_marked_test(fake_npm, required="npm")
    assert code == 0, printed
    assert "1 passed" in printed


def test_unknown_required_marker_is_refused(run_marked_test, no_commands):
    code, printed = run_marked_test(no_commands, required="npm,modle")
    assert code == pytest.ExitCode.USAGE_ERROR, printed
    assert "modle" in printed
