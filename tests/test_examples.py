"""Every program in examples/ runs as its docstring says, offline, and prints what it is there to show."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry
from tests.gateway_process import clean_environment, serving

EXAMPLES = Path(__file__).parent.parent / "examples"
CONFIGS = EXAMPLES / "config"
LIMIT = 60.0
"""Seconds for one program; two at most on an idle machine."""
ELSEWHERE = {"real_model.py"}
"""Programs that need a model, with a test of their own."""

PRINTS = {
    "library_chat.py": """
models: demo, simulator/echo
answer: You said: "What is a sluice gate\\?". I am the simulator, not
from: simulator/echo, 17 tokens
asked again, from the cache: True
vectors: 2 of 8 numbers
error: 404 model_not_found - model 'nobody/knows' does not exist here.*
""",
    "library_stream.py": """
You said: "Tell me about locks.". I am the simulator, not a model, so here
tokens: 15
gave up: True - after some words
still in flight: 0
""",
    "builder.py": """
'Hello': You said: "Hello".
'flood the valley': InvalidRequest: messages\\[0\\].content: the text holds 'flood', which is blocked here .*
'How are you\\?': You said: "How
'And now\\?': RateLimited: callers without a key have used their 2 requests per minute; try again in .*
error: providers.sim: unknown key 'tokns'; did you mean 'tokens'\\?
""",
    "keys_and_budgets.py": """
web: answered for \\$0.0040
web: answered for \\$0.0040
web: budget_exceeded: key 'web' has \\$0.00196 left of its budget of \\$0.01 for .*
night: answered for \\$0.0040
night: answered for \\$0.0040
night: rate_limit_exceeded: key 'night' has used its 2 requests per minute; try again in .*
""",
    "custom_stage.py": """
open: You said: \\[\\('x-office-hour', '[0-9]+'\\)\\]
closed: 403 closed
""",
    "custom_provider.py": """
loud says: MIND THE GATE
""",
    "failover.py": """
1: second answered after 3 attempts: You said: "Question 1". ...
    asked first/echo: upstream_error
    asked first/echo: upstream_error
    asked second/echo: answered
2: second answered after 3 attempts: You said: "Question 2". ...
    asked first/echo: upstream_error
    asked first/echo: upstream_error
    asked second/echo: answered
3: second answered after 1 attempts: You said: "Question 3". ...
    asked second/echo: answered
breaker of first: open
""",
}
"""What each program prints, line by line, as patterns."""

HTTP_CLIENT_PRINTS = """
models: demo, simulator/echo
answer: You said: "What is a weir\\?". I am the simulator, not a
served by: simulator - cache: miss
stream: You said: "What is a weir\\?". I am the simulator, not a
error: 404 model_not_found
"""


def run(name: str, *arguments: str, folder: Path) -> str:
    """Run a program far from the source tree, and return what it printed."""
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    ended = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout


def assert_printed(printed: str, patterns: str) -> None:
    lines, wanted = printed.splitlines(), patterns.strip("\n").splitlines()
    wrong = [line for line, pattern in zip(lines, wanted, strict=False) if not re.fullmatch(pattern, line)]
    assert wrong == []
    assert len(lines) == len(wanted), printed


@pytest.mark.parametrize("name", PRINTS)
def test_example_prints_what_it_shows(name, tmp_path):
    assert_printed(run(name, folder=tmp_path), PRINTS[name])


def test_http_client_talks_to_a_running_gateway(tmp_path):
    with serving(tmp_path, "--config", str(CONFIGS / "simulator.yaml")) as url:
        assert_printed(run("http_client.py", f"{url}/v1", folder=tmp_path), HTTP_CLIENT_PRINTS)


def test_every_example_is_run_here():
    programs = {path.name for path in EXAMPLES.glob("*.py")}
    assert programs - ELSEWHERE == {*PRINTS, "http_client.py"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_every_example_says_what_it_shows_and_how_to_run_it(path):
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert docstring.splitlines()[0].endswith((".", ";", ":"))
    assert f"examples/{path.name}" in docstring or "make demo-real" in docstring


VARIABLES = {
    "teams.yaml": {"TEAM_A_KEY": "sk-team-a-0123456", "TEAM_B_KEY": "sk-team-b-0123456"},
    "local_server.yaml": {"OPENAI_API_KEY": "sk-1"},
    "budgets.yaml": {"WEB_KEY": "sk-web-0123456789", "REPORTS_KEY": "sk-reports-0123456"},
    "redis.yaml": {
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "DATABASE_URL": "postgresql://127.0.0.1/gateway",
        "GATEWAY_API_KEYS": '[{"key": "sk-team-a-0123456", "name": "team-a"}]',
    },
}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_is_without_problems_once_its_variables_are_set(path):
    assert load(path, VARIABLES.get(path.name, {}), Registry()).problems == ()
