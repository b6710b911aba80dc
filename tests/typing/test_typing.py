"""The types that the library shows to a program that uses it, as mypy --strict sees them."""

import re
from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What mypy says of both files, from one run with the project's own settings."""
    files = [str(HERE / "library_use.py"), str(HERE / "misuse.py")]
    out, err, _ = api.run(["--config-file", str(ROOT / "pyproject.toml"), "--hide-error-context", *files])
    assert not err, err
    return out.splitlines()


def test_typed_uses_are_accepted(told):
    assert [line for line in told if "library_use.py" in line] == []


def test_misuse_is_refused_line_by_line(told):
    lines = (HERE / "misuse.py").read_text().splitlines()
    wrong = {(at, line.partition("# wrong: ")[2]) for at, line in enumerate(lines, 1) if "# wrong: " in line}
    found = [re.search(r"misuse\.py:(\d+): error: .*\[([\w-]+)\]$", line) for line in told]
    refused = {(int(match[1]), match[2]) for match in found if match}
    assert wrong <= refused
    assert {at for at, _ in refused} == {at for at, _ in wrong}
