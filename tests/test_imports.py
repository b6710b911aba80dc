"""What `import sluicegate` costs the program that embeds it."""

import json
import subprocess
import sys
from typing import Any

import pytest

WATCH = """
import json, sys, threading
events = []
sys.addaudithook(lambda event, _: events.append(event) if event.startswith("socket.") else None)
import %s
modules = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"modules": modules, "events": events, "threads": threading.active_count()}))
"""
# Apart from the other: an audit hook is called for every class and every file, and would be most of what is measured.
TIME = """
import resource
def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
before = spent()
import %s
print(spent() - before)
"""

LIMIT = 0.150
"""Seconds of processor time, on a machine of today."""
RATIO = 1.5
"""Times what it costs to import the libraries that we cannot do without."""
RUNS = 10


def in_new_interpreter(program: str, modules: str) -> Any:
    run = subprocess.run(
        [sys.executable, "-c", program % modules], check=True, capture_output=True, text=True, timeout=60
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize("module", ["httptools", "httpx", "hypercorn", "joserfc", "quart", "redis", "rich", "typer"])
def test_import_leaves_out_what_only_a_server_needs(module):
    assert module not in in_new_interpreter(WATCH, "sluicegate")["modules"]


def test_import_opens_no_socket_and_starts_no_thread():
    found = in_new_interpreter(WATCH, "sluicegate")
    assert found["events"] == []
    assert found["threads"] == 1


def test_import_takes_under_150_milliseconds_and_little_more_than_what_it_stands_on():
    """Processor time, the best of ten, in turns: the others measure the machine's other work."""
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(in_new_interpreter(TIME, "sluicegate"))
        theirs.append(in_new_interpreter(TIME, "trio, msgspec"))
    assert min(ours) < LIMIT
    assert min(ours) / min(theirs) < RATIO


SIMULATED = """
import sys, trio
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry
async def main():
    build(load(sys.argv[1], {}, Registry()).config)
trio.run(main)
print("httpx" in sys.modules)
"""


@pytest.mark.parametrize(("kind", "needs"), [("simulator", False), ("openai", True)])
def test_a_gateway_imports_httpx_only_where_a_provider_is_reached_over_http(kind, needs):
    config = f"providers: {{ a: {{ type: {kind} }} }}"
    run = subprocess.run(
        [sys.executable, "-c", SIMULATED, config], check=True, capture_output=True, text=True, timeout=60
    )
    assert run.stdout == f"{needs}\n"


TOKENS = """
import sys, trio
from sluicegate.assembly import build
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry
async def main():
    build(load(sys.argv[1], {}, Registry()).config)
trio.run(main)
print("joserfc" in sys.modules)
"""


@pytest.mark.parametrize(("secret", "needs"), [("", False), ("8f4b1d2c9a7e6053f1e2d3c4b5a69788", True)])
def test_a_gateway_imports_joserfc_only_where_there_are_tokens(secret, needs):
    config = f"{{providers: {{a: {{type: simulator}}}}, auth: {{jwt: {{secret: '{secret}'}}}}}}"
    run = subprocess.run([sys.executable, "-c", TOKENS, config], check=True, capture_output=True, text=True, timeout=60)
    assert run.stdout == f"{needs}\n"
