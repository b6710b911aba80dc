"""Each verb's output and exit code. `serve` has tests of its own."""

import io
import json
import re
from pathlib import Path

import pytest
import yaml

from sluicegate.cli import main
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.schema import json_schema
from sluicegate.pipeline.config.shapes import fields_of
from sluicegate.pipeline.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
GOOD = "providers: { sim: { type: simulator } }\nmodels: { demo: { targets: [sim/echo] } }\n"
BAD = "server:\n  port: 3000\n  tiemout: 30s\nproviders: { sim: { type: simulator } }\nlimit: { requests: [600] }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """Run in an empty folder, with nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "GATEWAY_API_KEYS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_lint_finds_nothing_in_a_good_file(folder, capsys):
    (folder / "config.yaml").write_text(GOOD)
    assert run(capsys, "lint") == (0, "config.yaml: no errors, no warnings\n", "")


def test_lint_tells_every_problem_with_its_place(folder, capsys):
    (folder / "my.yaml").write_text(BAD)
    assert run(capsys, "lint", "my.yaml") == (
        1,
        "my.yaml:3:3: error: unknown key 'tiemout'; did you mean 'timeout'?\n"
        "my.yaml:5:21: error: requests[0]: '600' is not a rate; write one such as 600/min\n"
        "my.yaml: 2 errors, no warnings\n",
        "",
    )


def test_warnings_alone_are_no_failure(folder, capsys):
    (folder / "my.yaml").write_text(GOOD + "cache: {}\npipeline: [validate, route, call]\n")
    assert run(capsys, "lint", "my.yaml") == (
        0,
        "my.yaml:3:1: warning: section 'cache' has no effect: the pipeline does not list this stage\n"
        "my.yaml: no errors, 1 warning\n",
        "",
    )


def test_lint_warns_of_a_file_that_serve_would_refuse_to_start_with(folder, capsys):
    (folder / "open.yaml").write_text(GOOD + "server: { host: 0.0.0.0 }\n")
    code, out, _ = run(capsys, "lint", "open.yaml")
    assert code == 0
    assert out.startswith("open.yaml: warning: server.host: `serve` would end at once: refusing to listen on 0.0.0.0")
    (folder / "guarded.yaml").write_text(
        GOOD + 'server: { host: 0.0.0.0 }\nauth: { api_keys: [{ key: "sk-0123456789abcdef", name: a }] }\n'
    )
    assert run(capsys, "lint", "guarded.yaml") == (0, "guarded.yaml: no errors, no warnings\n", "")


def test_lint_warns_of_a_certificate_that_serve_would_refuse_to_start_with(folder, capsys):
    (folder / "secure.yaml").write_text(GOOD + "server: { tls: { certificate: c.pem, key: k.pem } }\n")
    assert run(capsys, "lint", "secure.yaml") == (
        0,
        "secure.yaml: warning: server.tls: `serve` would end at once: "
        "cannot use server.tls.certificate c.pem: No such file or directory\n"
        "secure.yaml: no errors, 1 warning\n",
        "",
    )


def test_lint_warns_of_a_database_that_serve_would_refuse_to_start_with(folder, capsys):
    (folder / "stored.yaml").write_text(GOOD + "database: { url: 'mysql://me:hunter2@host/x' }\n")
    code, out, _ = run(capsys, "lint", "stored.yaml")
    assert (code, "hunter2" in out) == (0, False)
    assert "warning: database.url: `serve` would end at once: there is no database mysql://" in out


def test_lint_speaks_json_to_editors(folder, capsys):
    (folder / "my.yaml").write_text(BAD)
    code, out, _ = run(capsys, "lint", "my.yaml", "--json")
    told = json.loads(out)
    assert code == 1
    assert (told["errors"], told["warnings"]) == (2, 0)
    assert told["problems"][0] == {
        "file": "my.yaml",
        "line": 3,
        "column": 3,
        "severity": "error",
        "code": "unknown-key",
        "message": "unknown key 'tiemout'",
        "hint": "did you mean 'timeout'?",
        "path": "server",
    }


def test_lint_tells_of_a_store_that_no_gateway_could_reach(folder, capsys):
    (folder / "my.yaml").write_text(GOOD + "stores: { shared: { type: redis, url: 'redis://:s3cr3t/@host' } }\n")
    code, out, _ = run(capsys, "lint", "my.yaml")
    assert code == 0
    assert "`serve` would end at once: url has a port or a database that is no number" in out
    assert "s3cr3t" not in out


def test_lint_reads_what_comes_through_a_pipe(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("server: 1\n"))
    code, out, _ = run(capsys, "lint", "-")
    assert code == 1
    assert out.startswith("<stdin>:1:9: error: server: expected a map of settings, found 1\n")


def test_lint_without_a_file_is_wrong_use(capsys):
    assert run(capsys, "lint") == (2, "", "sluicegate lint: there is no config.yaml here; name a file\n")


def test_lint_of_a_file_that_is_not_text_is_an_error_with_a_place(folder, capsys):
    (folder / "my.yaml").write_bytes(b"server:\n  host: \xff\n")
    code, out, _ = run(capsys, "lint", "my.yaml")
    assert code == 1
    assert out.startswith("my.yaml:2:9: error: is not text in UTF-8\n")


def test_graph_draws_the_file(folder, capsys):
    (folder / "config.yaml").write_text(GOOD + "pipeline: [validate, route, call, meter]\n")
    code, out, _ = run(capsys, "graph", "--format", "text")
    assert code == 0
    assert out.splitlines()[0] == "request lane  validate -> route -> call"
    assert "  demo                 fallback: sim/echo" in out
    code, out, _ = run(capsys, "graph")
    assert code == 0
    assert out.startswith("flowchart LR\n")


def test_graph_without_a_file_draws_what_holds_without_one(capsys):
    code, out, _ = run(capsys, "graph", "-f", "text")
    assert code == 0
    assert "  simulator            simulator" in out


@pytest.mark.parametrize("form", ["mermaid", "text"])
def test_the_shipped_configuration_is_drawn_with_nothing_in_the_environment(form, capsys):
    code, out, _ = run(capsys, "graph", str(ROOT / "config.yaml"), "--format", form)
    assert code == 0
    assert "left out" in out


def test_graph_of_a_wrong_file_tells_its_problems(folder, capsys):
    (folder / "my.yaml").write_text(BAD)
    code, out, err = run(capsys, "graph", "my.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("my.yaml:3:3: error: unknown key 'tiemout'")


def test_create_prints_a_configuration_that_lint_takes(folder, capsys):
    code, out, _ = run(capsys, "create", "limit", "cache")
    assert code == 0
    assert "pipeline: [validate, limit, cache, route, call]" in out
    (folder / "config.yaml").write_text(out)
    assert run(capsys, "lint")[0:2] == (0, "config.yaml: no errors, no warnings\n")


def test_create_writes_a_file_but_never_over_one(folder, capsys):
    assert run(capsys, "create", "limit", "-o", "new.yaml") == (0, "", "")
    written = (folder / "new.yaml").read_text()
    assert run(capsys, "create", "cache", "-o", "new.yaml") == (
        2,
        "",
        "sluicegate create: cannot write new.yaml: File exists\n",
    )
    assert (folder / "new.yaml").read_text() == written


def test_list_names_everything_with_its_fields(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    registry = Registry()
    for name in registry.stage_names():
        assert f"\n  {name} ({registry.stage(name).lane.value} lane): " in out
        fields = fields_of(registry.stage(name).settings)
        assert all(f"    {field}: " in out or f"    {field}." in out for field in fields)  # a section has fields
    for name in registry.provider_names():
        assert f"\n  {name}: " in out


def test_list_can_be_for_one_group_and_for_programs(capsys):
    code, out, _ = run(capsys, "list", "providers", "--json")
    assert code == 0
    listed = json.loads(out)
    assert list(listed) == ["providers"]
    assert [one["name"] for one in listed["providers"]] == Registry().provider_names()
    key = next(field for field in listed["providers"][0]["fields"] if field["name"] == "api_key")
    assert key == {
        "name": "api_key",
        "kind": "secret",
        "default": '""',
        "description": "The gateway's own key for this provider.",
        "required": False,
    }


def test_schema_prints_the_schema(capsys):
    code, out, _ = run(capsys, "schema")
    assert code == 0
    assert json.loads(out) == json_schema(Registry())


class TestShippedFile:
    """config.yaml in the root of the project."""

    def test_it_serves_the_simulator_with_an_empty_environment(self):
        found = load(ROOT / "config.yaml", {}, Registry())
        assert list(found.config.providers) == ["simulator"]
        assert found.config.models["demo"].targets == ("simulator/echo",)
        assert {problem.code for problem in found.problems} == {"provider-left-out", "model-left-out", "store-left-out"}

    def test_it_leaves_nothing_out_with_all_keys(self):
        text = (ROOT / "config.yaml").read_text()
        environ = dict.fromkeys(re.findall(r"\$\{(\w+_API_KEY|AWS_BEARER_TOKEN_BEDROCK):-\}", text), "k")
        environ["REDIS_URL"] = "redis://localhost"
        environ["GATEWAY_API_KEYS"] = '[{"key": "sk-0123456789abc", "name": "n"}]'
        found = load(ROOT / "config.yaml", environ, Registry())
        shipped = yaml.safe_load(text)["providers"]
        assert list(found.config.providers) == [name for name in shipped if shipped[name].get("enabled", True)]
        assert [key.name for key in dict(found.config.stages)["auth"].api_keys] == ["n"]
        assert {problem.code for problem in found.problems} <= {"unused-provider"}

    def test_it_names_every_setting_there_is(self):
        registry = Registry()
        text = (ROOT / "config.yaml").read_text()
        sections = yaml.safe_load(text)
        for name in registry.stage_names():
            wanted = set(fields_of(registry.stage(name).settings)) - {"enabled"}
            assert wanted == set(sections.get(name, {})) - {"enabled"}
        for name in registry.provider_names():
            general = set(fields_of(registry.provider("openai").settings))
            own = set(fields_of(registry.provider(name).settings)) - general
            assert own <= set(sections["providers"][name])
        assert set(sections["providers"]["openai"]) | {"enabled"} == general

    def test_it_says_the_defaults_where_it_says_nothing_else(self):
        found = load(ROOT / "config.yaml", {"OPENAI_API_KEY": ""}, Registry()).config
        plain = load("", {}, Registry()).config
        assert found.server == plain.server
        assert found.stages == plain.stages
        assert found.providers == plain.providers
