"""The manual says what is so: its tables are compared with the program, its code is run, its links lead somewhere."""

import ast
import contextlib
import importlib
import io
import json
import os
import pkgutil
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

import sluicegate
from sluicegate.adapters.http import health, routes
from sluicegate.adapters.http.gemini_dialect import GEMINI, STATUSES
from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.life import NEXT, State
from tests.gateway_process import clean_environment, serving

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPELLED_ELSEWHERE = {
    *(f"upstream_{name}_timeout" for name in ("response", "first_token", "idle", "total")),
    *("invalid_type", "empty_string", "empty_array", "string_above_max_length", "array_above_max_length"),
}
"""Codes that are put together from parts."""


def blocks(page: Path, language: str) -> list[str]:
    return [code for kind, code in BLOCK.findall(page.read_text()) if kind == language]


def kinds_of_error(of: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    if of.__module__.startswith("sluicegate."):
        yield of
    for kind in of.__subclasses__():
        yield from kinds_of_error(kind)


def import_all() -> None:
    """Import every module, so that every kind of error is known, whatever other tests have imported."""
    for room in ("pipeline", "stages", "adapters"):
        folder = str(Path(sluicegate.__file__).parent / room)
        for module in pkgutil.walk_packages([folder], f"sluicegate.{room}."):
            importlib.import_module(module.name)


def test_googles_names_of_statuses_are_those_in_the_manual():
    text = (DOCS / "errors.md").read_text().partition("## In Google's shape")[2].partition("##")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([0-9, ]+) \|$", text, re.MULTILINE)
    told = {int(status): name for name, statuses in rows for status in statuses.split(",")}
    assert told == {
        status: json.loads(GEMINI.error(GatewayError("no", status=status), ""))["error"]["status"] for status in told
    }
    assert set(told) == set(STATUSES)


def row(kind: type[GatewayError]) -> str:
    meaning = (kind.__doc__ or "").splitlines()[0]
    meaning = re.sub(r"\s*https?://\S+", "", meaning)
    return f"| {kind.status} | `{kind.code}` | `{kind.type}` | {kind.fault.value} | `{kind.__name__}` | {meaning} |"


def test_every_kind_of_error_stands_in_the_table_as_it_is():
    import_all()
    wanted = {row(kind) for kind in kinds_of_error()}
    found = {line for line in (DOCS / "errors.md").read_text().splitlines() if re.match(r"\| \d", line)}
    assert sorted(wanted) == sorted(found)


def codes_in(file: Path) -> Iterator[str]:
    """The codes that a source file gives to errors."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.keyword):
            names = [node.arg]
        elif isinstance(node, ast.Assign):
            names = [to.id for to in node.targets if isinstance(to, ast.Name)]
        else:
            continue
        if "code" in names and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def test_every_code_that_the_program_gives_is_listed():
    files = [file for room in ("pipeline", "stages", "adapters") for file in (ROOT / room).rglob("*.py")]
    given = {code for file in files if "config" not in file.parts for code in codes_in(file)}
    assert {"circuit_open", "invalid_json", "shutting_down"} <= given  # or the search has gone blind
    listed = set(re.findall(r"`([a-z_0-9]+)`", (DOCS / "errors.md").read_text()))
    assert given | SPELLED_ELSEWHERE <= listed


def test_the_life_of_an_exchange_is_drawn_as_it_is():
    (drawing,) = [code for code in blocks(DOCS / "architecture.md", "mermaid") if "stateDiagram" in code]
    drawn = set(re.findall(r"^  (\w+) --> (\w+)$", drawing, re.MULTILINE))
    assert drawn == {(before.name, after.name) for before in State for after in NEXT[before]}


def documented_paths() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(/\S*)` \| ([A-Z, ]+) \|", (DOCS / "http.md").read_text(), re.MULTILINE)
    return {path: methods.split(", ") for path, methods in rows}


def test_every_documented_path_leads_somewhere_by_its_methods():
    for path, methods in documented_paths().items():
        route, _ = routes.find(path)
        assert route is not None, path
        assert set(methods) <= set(route.methods), path


def test_every_path_of_the_program_is_documented():
    paths = {*health.LIVENESS, *health.READINESS}
    for name in ("app.py", "identities.py"):
        for node in ast.walk(ast.parse((ROOT / "adapters" / "http" / "admin" / name).read_text())):
            if isinstance(node, ast.Constant) and re.match(r"/(admin|metrics)", str(node.value)):
                paths.add(str(node.value).replace("<id>", "{id}"))
    for node in ast.walk(ast.parse(Path(routes.__file__).read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.match(r"/v1/.*[^/]$", node.value):
            paths.add(node.value)
    assert "/metrics/prometheus" in paths
    assert "/v1/embeddings" in paths
    assert paths <= documented_paths().keys()


def test_the_code_on_writing_a_stage_prints_what_the_page_says():
    page = DOCS / "stages.md"
    said = io.StringIO()
    names: dict[str, object] = {"__name__": "stages_page"}
    with contextlib.redirect_stdout(said):
        exec("\n".join(blocks(page, "python")), names)
    assert said.getvalue() == blocks(page, "text")[0]
    tests = {name: value for name, value in names.items() if name.startswith("test_")}
    assert len(tests) == 1
    for test in tests.values():
        clock = MockClock(autojump_threshold=0)
        trio.run(test, clock, clock=clock)


def heads(url: str) -> Iterator[dict[str, str]]:
    """The headers of a plain answer, a stream, and errors."""
    ask = b'{"model": "simulator/echo", "messages": [{"role": "user", "content": "Hi"}]%s}'
    bodies = [("/v1/chat/completions", body) for body in (ask % b"", ask % b', "stream": true', b"{")]
    for path, body in [*bodies, ("/v1/models", None), ("/v1/models/nobody/knows", None), ("/nowhere", None)]:
        request = urllib.request.Request(url + path, body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
                yield {name.lower(): value for name, value in answer.headers.items()}
        except urllib.error.HTTPError as refused:
            with refused:
                yield {name.lower(): value for name, value in refused.headers.items()}


def test_every_header_of_an_answer_is_documented(tmp_path):
    config = tmp_path / "limits.yaml"
    config.write_text("limit: { requests: [100/min] }\n")
    with serving(tmp_path, "--config", str(config)) as url:
        seen = {name for head in heads(url) for name in head}
    plain = {"content-type", "content-length", "date", "transfer-encoding", "connection"}
    documented = set(re.findall(r"`([a-z-]+)`", (DOCS / "http.md").read_text()))
    assert {"x-sluicegate-cache", "server-timing", "x-ratelimit-reset-requests", "x-should-retry"} <= seen
    assert seen - plain <= documented


@pytest.mark.parametrize(("name", "outputs"), [("keys.md", 7), ("tokens.md", 4)])
def test_the_commands_print_what_the_page_says(tmp_path, name, outputs):
    page = (DOCS / name).read_text()
    steps = [(kind, code) for kind, code in BLOCK.findall(page) if kind in ("sh", "text")]
    script = "set -eu\n" + "".join(f"{code}\necho '=== end'\n" for kind, code in steps if kind == "sh")
    environ = {
        "SLUICEGATE_ADMIN_KEY": "the-admin-key-of-the-manual",
        "GATEWAY_JWT_SECRET": "8f4b1d2c9a7e6053f1e2d3c4b5a69788",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    with serving(tmp_path, environ=environ) as url:
        ended = subprocess.run(
            ["bash", "-c", script.replace("http://127.0.0.1:3000", url).replace("sleep 1", "sleep 2")],
            cwd=tmp_path,
            env=clean_environment(SLUICEGATE_STATE_DIR=str(tmp_path), **environ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    said = iter(ended.stdout.split("=== end\n"))
    output, compared = "", 0
    for kind, code in steps:
        if kind == "sh":
            output = next(said)
            continue
        wanted = r"[\s\S]*".join(map(re.escape, code.replace("\n…\n", "…").strip("\n").split("…")))
        assert re.fullmatch(wanted, output.strip("\n")), (wanted, output)
        compared += 1
    assert compared == outputs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text()
    anchors = {re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-") for line in text.splitlines()}
    for target in LINK.findall(text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target
