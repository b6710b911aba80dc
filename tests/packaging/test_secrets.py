"""A test that lets a secret be seen does not pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.secrets_of_tests import SECRETS, secret, shown_in

ROOT = Path(__file__).resolve().parents[2]


def test_a_secret_in_what_was_captured_is_found():
    text = secret("a-secret-that-only-this-test-has")
    try:
        sections = [("Captured log call", f"x {text}"), ("Captured stdout call", "x"), ("Captured log setup", text)]
        assert shown_in(sections) == ["Captured log call", "Captured log setup"]
    finally:
        SECRETS.discard(text)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("print('nothing')", "1 passed"),
        ("print(secret('one-that-is-printed'))", "a secret stands in: Captured stdout call"),
        ("logging.warning(secret('one-that-is-logged'))", "a secret stands in: Captured log call"),
    ],
)
def test_a_test_whose_output_has_a_secret_fails(tmp_path, statement, told):
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    source = f"import logging\nfrom tests.secrets_of_tests import secret\n\ndef test_it():\n    {statement}\n"
    (tmp_path / "test_it.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in done.stdout
    assert done.returncode == int("passed" not in told)
