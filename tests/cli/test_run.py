"""The command line as a whole: which verb runs, what it costs, and what is said to wrong use."""

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

from sluicegate.cli import main
from sluicegate.cli.run import VERBS


def test_every_verb_has_help(capsys):
    for verb in VERBS:
        assert main([verb, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"Usage: sluicegate {verb}")


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_verb_all_of_them_are_named(arguments, capsys):
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {verb} " in shown for verb in VERBS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lnit"], "sluicegate: No such command 'lnit'. Did you mean 'list', 'lint'?"),
        (["--nope"], "sluicegate: No such option: --nope"),
        (["lint", "--nope"], "sluicegate lint: No such option: --nope"),
        (["lint", "a", "b"], "sluicegate lint: Got unexpected extra argument(s) (b)"),
        (["lint", "no/such.yaml"], "sluicegate lint: no/such.yaml cannot be read: No such file or directory"),
        (["graph", "no/such.yaml"], "sluicegate graph: no/such.yaml cannot be read: No such file or directory"),
        (["graph", "/"], "sluicegate graph: / cannot be read: Is a directory"),
        (["graph", "--format", "svg"], "sluicegate graph: Invalid value for '--format' / '-f': "),
        (["list", "all"], "sluicegate list: Invalid value for 'which': "),
        (["create"], "sluicegate create: Missing argument 'stages'."),
        (["create", "limt"], "sluicegate create: unknown stage 'limt'; did you mean 'limit'?"),
        (["create", "limit", "-o", "no/such/file"], "sluicegate create: cannot write no/such/file: No such file"),
        (["serve", "--port", "x"], "sluicegate serve: Invalid value for '--port': "),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(said)
    assert shown.err.count("\n") == 1


def test_version_is_that_of_the_package(capsys):
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"{version('sluicegate')}\n"


PROBE = """
import sys
from sluicegate.cli import main
code = main(sys.argv[1:])
print(sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["serve", "--help"], {"rich", "quart", "redis", "httpx"}),
        (["version"], {"rich", "yaml", "hypercorn", "quart", "redis"}),
        (["lint", "-"], {"rich", "hypercorn", "quart", "redis"}),
    ],
)
def test_a_verb_imports_only_what_it_needs(arguments, absent):
    run = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], input="", check=True, capture_output=True, text=True, timeout=60
    )
    assert absent.isdisjoint(json.loads(run.stderr.replace("'", '"')))


def test_a_reader_that_has_enough_is_no_error():
    command = f"{sys.executable} -m sluicegate list --markdown | head -n 1"
    run = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True, timeout=60)
    assert run.stdout == "## `server`\n"
    assert run.stderr == ""
