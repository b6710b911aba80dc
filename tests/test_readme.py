"""The README keeps its word: its configurations lint, its programs run, its commands and requests work."""

import json
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluicegate.cli.run import GROUPS, VERBS
from sluicegate.perf.hops import JUDGING_LIMIT, WAITING_LIMIT
from sluicegate.perf.upstreams import DIRECT_LIMIT, SHELL_LIMIT
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry
from tests.gateway_process import clean_environment, serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
ADDRESS = "http://127.0.0.1:3000"
ADMIN_KEY = "an-admin-key-for-this-test"
LIMIT = 60.0
VARIABLES = {"TEAM_A_KEY": "sk-team-a-0123456", "OPENAI_API_KEY": "sk-1"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    """Every command line of a program, as a shell would split it, without comments."""
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    return [words for words in split if words and words[0] == program]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway with the configuration that `make run` finds in this folder."""
    folder = tmp_path_factory.mktemp("gateway")
    with serving(folder, "--config", str(ROOT / "config.yaml"), environ={"SLUICEGATE_ADMIN_KEY": ADMIN_KEY}) as address:
        yield address


def fetch(words: list[str], url: str) -> tuple[str, bytes]:
    """Do what a curl command says; return the answer's content type and body."""
    options: dict[str, list[str]] = {"-H": [], "-d": []}
    targets, rest = [], iter(words[1:])
    for word in rest:
        if word in options:
            options[word].append(next(rest).replace("$SLUICEGATE_ADMIN_KEY", ADMIN_KEY))
        elif word != "-N":
            targets.append(word)
    (target,) = targets
    assert target.startswith(ADDRESS)
    headers = dict(header.split(": ", 1) for header in options["-H"])
    body = options["-d"][0].encode() if options["-d"] else None
    request = urllib.request.Request(url + target.removeprefix(ADDRESS), body, headers)
    with urllib.request.urlopen(request, timeout=LIMIT) as answer:
        return answer.headers.get_content_type(), answer.read()


def test_the_plain_request_is_answered(url):
    media_type, body = fetch(commands("curl")[0], url)
    assert media_type == "application/json"
    assert json.loads(body)["choices"][0]["message"]["content"].startswith('You said: "What is a sluice gate?".')


def test_the_streamed_request_is_answered(url):
    media_type, body = fetch(commands("curl")[1], url)
    assert media_type == "text/event-stream"
    assert body.count(b"\n\ndata: ") > 10
    assert body.endswith(b"\n\ndata: [DONE]\n\n")


def test_the_metrics_answer_to_the_admin_key(url):
    media_type, body = fetch(commands("curl")[2], url)
    assert media_type == "application/json"
    assert json.loads(body)["version"]


def test_every_request_of_the_readme_is_tried_here():
    assert len(commands("curl")) == 3


def run_program(code: str, folder: Path) -> str:
    program = folder / "program.py"
    program.write_text(code)
    ended = subprocess.run(
        [sys.executable, str(program)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_official_client_streams(url, tmp_path):
    (program,) = [code for code in blocks("python") if "openai" in code]
    assert ADDRESS in program
    assert run_program(program.replace(ADDRESS, url), tmp_path).startswith('You said: "What is a sluice gate?".')


def test_anthropics_client_streams(url, tmp_path):
    (program,) = [code for code in blocks("python") if "from anthropic" in code]
    assert ADDRESS in program
    assert run_program(program.replace(ADDRESS, url), tmp_path).startswith('You said: "What is a sluice gate?".')


def test_the_library_answers(tmp_path):
    (program,) = [code for code in blocks("python") if "open_gateway" in code]
    printed = run_program(program, tmp_path)
    assert 'You said: "What is a sluice gate?".' in printed
    assert 'You said: "And a weir?".' in printed


def test_every_program_of_the_readme_is_run_here():
    assert len(blocks("python")) == 3


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_configuration_is_without_problems(text):
    assert load(text, VARIABLES, Registry(), name="README.md").problems == ()


def test_the_shipped_configuration_has_no_errors_with_an_empty_environment():
    loaded = load(ROOT / "config.yaml", {}, Registry())
    assert "demo" in loaded.config.models
    assert {problem.code for problem in loaded.problems} <= {"provider-left-out", "model-left-out", "store-left-out"}


@pytest.mark.parametrize("words", commands("sluicegate"), ids=" ".join)
def test_every_verb_works_as_it_is_written(words, tmp_path):
    if words[1] == "serve":
        with serving(tmp_path, *(str(ROOT / word) if word.endswith(".yaml") else word for word in words[2:])) as url:
            assert url.startswith("http://127.0.0.1:")
        return
    ended = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=clean_environment(SLUICEGATE_STATE_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_every_verb_of_the_program_is_in_the_readme():
    assert {words[1] for words in commands("sluicegate")} == {*VERBS, *GROUPS}


def test_every_target_of_make_that_is_named_exists():
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`make ([\w-]+)`", README)) | {words[1] for words in commands("make")}
    assert {"run", "test", "demo-real"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_limits_of_a_hop_are_those_that_are_checked():
    (shown,) = [text for text in blocks("text") if "hop" in text]
    assert re.findall(r"limit (\d+)", shown) == [f"{JUDGING_LIMIT:g}", f"{WAITING_LIMIT:g}"]
    assert f"over {JUDGING_LIMIT:g} checkpoints" in README


def test_the_limits_of_a_call_are_those_that_are_checked():
    (shown,) = [text for text in blocks("text") if "in flight" in text]
    assert re.findall(r"limit ([\d.]+)", shown) == [f"{SHELL_LIMIT:g}", f"{DIRECT_LIMIT:g}"] * 2
    assert f"over\n{SHELL_LIMIT:g} of stock httpx, or the gateway's transport over {DIRECT_LIMIT:g}" in README
