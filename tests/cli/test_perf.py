"""`sluicegate perf`: the group as a whole, `simulate`, and that the manual's commands are what the program takes."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sluicegate.cli import main
from sluicegate.cli.perf import VERBS
from sluicegate.perf.processes import simulator

PAGE = (Path(__file__).parent.parent.parent / "docs" / "performance.md").read_text()


def commands():
    """The command lines of the manual, without `sluicegate perf`."""
    text = "\n".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line)[2:] for line in text.splitlines() if line.startswith("sluicegate perf ")]


def test_the_group_stands_among_the_verbs_and_names_its_own(capsys):
    assert main([]) == 0
    assert "\n  perf " in capsys.readouterr().out
    for arguments in (["perf"], ["perf", "--help"]):
        assert main(arguments) == 0
        shown = capsys.readouterr().out
        assert shown.startswith("Usage: sluicegate perf [OPTIONS] COMMAND")
        assert all(f"\n  {verb} " in shown for verb in VERBS)


def test_every_verb_has_help(capsys):
    for verb in VERBS:
        assert main(["perf", verb, "--help"]) == 0
        assert capsys.readouterr().out.startswith(f"Usage: sluicegate perf {verb}")


def test_a_misspelt_verb_is_answered_with_its_neighbour(capsys):
    assert main(["perf", "simulat"]) == 2
    assert capsys.readouterr().err == "sluicegate perf: No such command 'simulat'. Did you mean 'simulate'?\n"


def test_every_target_of_make_in_the_manual_exists():
    makefile = (Path(__file__).resolve().parents[2] / "Makefile").read_text()
    named = set(re.findall(r"^make ([\w-]+)", PAGE, re.MULTILINE))
    assert {"bench", "bench-before", "bench-peers", "bench-connections", "soak"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_option_in_the_manual_is_one(capsys):
    found = commands()
    assert {words[0] for words in found} == {"simulate", "replay", "compare"}
    for verb, *words in found:
        main(["perf", verb, "--help"])
        known = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
        assert {word for word in words if word.startswith("--")} <= known


def test_the_simulator_of_the_manual_behaves_as_its_options_say():
    (words,) = [words for words in commands() if words[0] == "simulate"]
    options = [word for pair in zip(words[1::2], words[2::2], strict=True) if pair[0] != "--port" for word in pair]
    with simulator(
        *options, "--limit-rate", "1", "--error-rate", "0", "--cut-rate", "0", "--stall-rate", "0"
    ) as running:
        answer = httpx.post(f"{running.url}/v1/embeddings", json={"model": "m", "input": "x"}, timeout=20)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert running.process.returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tokens", "exp:40"], "sluicegate perf simulate: --tokens: exp has no part '40'; write exp:mean=..."),
        (["--first-token", "20"], "sluicegate perf simulate: --first-token: 20 has no unit; write 20s"),
        (["--retry-after", "x"], "sluicegate perf simulate: --retry-after: 'x' is not a duration"),
        (["--error-rate", "0.6", "--cut-rate", "0.6"], "sluicegate perf simulate: the shares of requests that fail"),
        (["--host", "192.0.2.1"], "sluicegate perf simulate: cannot listen on 192.0.2.1:4000: "),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(options, said, capsys):
    assert main(["perf", "simulate", *options]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(said)
    assert shown.count("\n") == 1


def test_the_program_of_the_manual_measures(tmp_path):
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "c.yaml").write_text(
        'providers: { up: { type: openai, api_key: k, base_url: "${UPSTREAM}/v1" } }\n'
        "models: { demo: { targets: [up/m] } }\n"
    )
    program = program.replace("requests=2000", "requests=50") + 'print(added_in_front_of(Path("c.yaml"), 0)[50.0])\n'
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60)
    memory, added = run.stdout.splitlines()
    assert re.fullmatch(r"\d+ MiB", memory)
    assert 0 < float(added) < 0.1
