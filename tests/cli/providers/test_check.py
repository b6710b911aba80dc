"""`sluicegate providers check` before upstreams on real sockets, by hand as a person would."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sluicegate.cli import main

KEY, OTHER = "sk-good-0123456789", "sk-bad-0123456789"


class Upstream(BaseHTTPRequestHandler):
    """Lists two models for whoever has the good key, and answers 404 to all else."""

    def do_GET(self) -> None:
        good = self.headers.get("authorization") == f"Bearer {KEY}"
        listed = self.path == "/v1/models"
        status = 404 if not listed else 200 if good else 401
        body = b'{"data":[{"id":"one"},{"id":"two"}]}' if status == 200 else self._refusal()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refusal(self) -> bytes:
        return json.dumps({"error": {"message": f"bad key {self.headers.get('authorization')}"}}).encode()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def checked(tmp_path, monkeypatch, capsys) -> Iterator[Callable[..., tuple[int, str]]]:
    """Check the providers in a text, in which URL stands for the upstream's."""
    monkeypatch.chdir(tmp_path)
    with serving() as url:

        def run(text: str, *more: str) -> tuple[int, str]:
            (tmp_path / "my.yaml").write_text(text.replace("URL", url))
            code = main(("providers", "check", "my.yaml", *more))
            shown = capsys.readouterr()
            assert shown.err == ""
            assert KEY not in shown.out
            assert OTHER not in shown.out
            return code, shown.out

        yield run


def rows(shown: str) -> list[dict]:
    found = json.loads(shown)["providers"]
    for row in found:
        assert (row.pop("seconds") is None) == row["left_out"]
    return found


def test_providers_that_can_be_used_are_told_with_their_models(checked):
    text = f"""
providers:
  up: {{type: openai, base_url: URL, api_key: {KEY}, model_mapping: {{mine: two}}}}
  sim: {{type: simulator}}
  unset: {{type: groq, api_key: "${{NO_SUCH_KEY:-}}"}}
models: {{fast: {{targets: [up/one, up/mine]}}}}
"""
    code, shown = checked(text)
    lines = [line.split() for line in shown.splitlines()]
    assert code == 0
    assert lines[1][:5] == ["up", "openai", "yes", "yes", "2"]
    assert lines[2][:4] == ["sim", "simulator", "yes", "1"]
    assert shown.splitlines()[3].split(maxsplit=3) == ["unset", "left", "out", "NO_SUCH_KEY is not set"]
    assert shown.endswith("2 can be used, 0 cannot, 1 left out\n")


def test_each_failure_has_its_reason(checked):
    text = f"""
providers:
  refused: {{type: openai, base_url: URL, api_key: {OTHER}}}
  elsewhere: {{type: openai, base_url: URL/not/here, api_key: {KEY}}}
  down: {{type: openai, base_url: http://127.0.0.1:9/v1, api_key: {KEY}}}
  nameless: {{type: openai, base_url: http://nowhere.invalid/v1, api_key: {KEY}}}
  plain: {{type: openai, base_url: URL, api_key: {KEY}, http2: false}}
models: {{fast: {{targets: [plain/one, plain/gone]}}}}
"""
    code, shown = checked(text, "--json")
    found = {row["provider"]: row for row in rows(shown)}
    assert code == 1
    assert json.loads(shown)["ok"] is False
    told = {name: (row["reachable"], row["accepted"], row["failed"]) for name, row in found.items()}
    assert told == {
        "refused": (True, False, True),
        "elsewhere": (True, None, True),
        "down": (False, None, True),
        "nameless": (False, None, True),
        "plain": (True, True, True),
    }
    assert found["refused"]["reason"] == "provider 'refused' did not accept the gateway's key (401)"
    assert found["down"]["reason"].startswith("no connection to 127.0.0.1:9: ")
    assert found["nameless"]["reason"].startswith("no connection to nowhere.invalid")
    assert found["plain"]["missing"] == ["gone"]
    assert found["plain"]["reason"] == "has no model gone"


def test_each_of_several_keys_is_tried(checked):
    text = f"providers: {{up: {{type: openai, base_url: URL, api_keys: [{{key: {KEY}}}, {{key: {OTHER}}}]}}}}"
    code, shown = checked(text, "--json")
    assert code == 1
    assert [(row["key"], row["accepted"], row["models"]) for row in rows(shown)] == [(1, True, 2), (2, False, None)]


def test_a_provider_without_a_list_is_only_knocked_at(checked):
    text = f"providers: {{up: {{type: perplexity, base_url: URL, api_key: {KEY}}}}}"
    code, shown = checked(text, "--json")
    (row,) = rows(shown)
    assert code == 0
    assert (row["reachable"], row["accepted"], row["models"]) == (True, None, None)
    assert row["reason"] == "has no list of models, so the key was not tried"


def test_a_list_that_leaves_out_names_condemns_none(checked):
    text = f"providers: {{up: {{type: azure, base_url: URL, api_key: {KEY}, auth: bearer, model_mapping: {{a: b}}}}}}"
    code, shown = checked(text, "--json")
    (row,) = rows(shown)
    assert (code, row["reachable"], row["models"]) == (0, True, None)
    assert row["reason"] == "its list does not say what is deployed"


def test_a_wrong_configuration_is_an_error_of_use(tmp_path, capsys):
    (tmp_path / "my.yaml").write_text("providers: {up: {type: nonsense}}")
    assert main(("providers", "check", str(tmp_path / "my.yaml"))) == 2
    assert "unknown provider type 'nonsense'" in capsys.readouterr().err


def test_the_configuration_may_be_named_as_serve_wants_it(checked, tmp_path, capsys):
    checked("providers: {sim: {type: simulator}}\n")
    for flag in ("-c", "--config"):
        assert main(("providers", "check", flag, str(tmp_path / "my.yaml"))) == 0
        assert "1 can be used" in capsys.readouterr().out
    assert main(("providers", "check", "my.yaml", "-c", "other.yaml")) == 2
    assert "two configurations" in capsys.readouterr().err
