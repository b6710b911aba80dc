"""`sluicegate serve` as a process: how it starts, what it says, and what keeps it from starting."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.adapters.http.certified import Certified
from tests.serve_process import PATIENCE, environment, read_until, serving, start


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def test_without_a_file_the_simulator_answers_and_the_printed_curl_works(tmp_path):
    with serving(tmp_path) as served:
        assert served.lines[0].startswith("Sluicegate ")
        (line,) = [line for line in served.lines if line.startswith("  try")]
        url, body = re.fullmatch(r"  try +curl (\S+) -H 'content-type: application/json' -d '(.*)'", line).groups()
        request = urllib.request.Request(url, body.encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert json.load(answer)["object"] == "chat.completion"
        assert served.get("/health")[0] == 200
        assert served.end(signal.SIGTERM)[0] == 0


def test_with_a_certificate_it_serves_https_and_says_so(tmp_path):
    made = Certified(tmp_path)
    tls = f"tls: {{ certificate: {made.certificate}, key: {made.key} }}"
    with serving(tmp_path, f"providers: {{ sim: {{ type: simulator }} }}\nserver: {{ port: 0, {tls} }}\n") as served:
        url = f"https://127.0.0.1:{served.port}"
        assert served.lines[0].endswith(f" listens on {url}")
        (line,) = [line for line in served.lines if line.startswith("  try")]
        assert line.startswith(f"  try        curl --cacert {made.certificate} {url}/v1/chat/completions ")
        with urllib.request.urlopen(f"{url}/health", timeout=PATIENCE, context=made.context) as answer:
            assert answer.status == 200
        assert served.end(signal.SIGTERM)[0] == 0


def test_a_certificate_that_cannot_be_used_keeps_it_from_starting(tmp_path):
    made = Certified(tmp_path)
    made.key.unlink()
    tls = f"tls: {{ certificate: {made.certificate}, key: {made.key} }}"
    (tmp_path / "config.yaml").write_text(
        f"providers: {{ sim: {{ type: simulator }} }}\nserver: {{ port: 0, {tls} }}\n"
    )
    code, said = refusal(tmp_path)
    assert code == 2
    assert said == f"sluicegate serve: cannot use server.tls.key {made.key}: No such file or directory\n"


def test_the_admin_key_is_printed_when_it_is_made_and_never_again(tmp_path):
    with serving(tmp_path) as served:
        (line,) = [line for line in served.lines if line.startswith("  admin key")]
        key = line.split()[2]
        request = urllib.request.Request(f"http://127.0.0.1:{served.port}/admin/config", headers={"x-api-key": key})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert json.load(answer)["server"]["host"] == "127.0.0.1"
    with serving(tmp_path) as served:
        assert key not in "\n".join(served.lines)
        (line,) = [line for line in served.lines if line.startswith("  admin key")]
        assert "  kept in " in line


def refusal(tmp_path, *arguments, **environ):
    """Run a `serve` that does not start; return its exit code and what it said."""
    process = start(tmp_path, *arguments, **environ)
    out, said = process.communicate(timeout=PATIENCE)
    assert out == ""
    return process.returncode, said


def test_a_port_in_use_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refusal(tmp_path, "--port", str(port))
    assert (code, said) == (2, f"sluicegate serve: cannot listen on 127.0.0.1:{port}: Address already in use\n")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_without_keys_it_listens_on_loopback_only(tmp_path, host):
    code, said = refusal(tmp_path, "--host", host, "--port", "0")
    assert code == 2
    assert len(said.splitlines()) == 1
    assert "without API keys" in said


def test_with_keys_it_listens_anywhere_and_asks_for_them(tmp_path):
    keys = json.dumps([{"key": "a-long-enough-key", "name": "one"}])
    with serving(tmp_path, "server: { port: 0, host: 127.0.0.1 }\n", GATEWAY_API_KEYS=keys) as served:
        assert served.lines[-1].startswith("  keys       every request")
        with served.open_chat() as sock:
            assert read_until(sock, b"\r\n").startswith(b"HTTP/1.1 401 ")


def test_a_wrong_configuration_is_told_line_by_line(tmp_path):
    (tmp_path / "config.yaml").write_text("server: { prot: 1 }\nlimt: {}\n")
    code, said = refusal(tmp_path)
    assert code == 1
    assert [line.split(": ")[0] for line in said.splitlines()] == ["config.yaml:1:11", "config.yaml:2:1"]


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path):
    code, said = refusal(tmp_path, "--config", "none.yaml")
    assert (code, len(said.splitlines())) == (2, 1)
    assert "none.yaml" in said


def test_warnings_do_not_keep_it_from_starting(tmp_path):
    config = (
        'server: { port: 0 }\nproviders:\n  sim: { type: simulator }\n  up: { type: openai, api_key: "${NOT_SET:-}" }\n'
    )
    with serving(tmp_path, config) as served:
        assert served.get("/health")[0] == 200
        served.end(signal.SIGTERM)
        assert served.process.stderr.read().startswith("config.yaml:4:3: warning: provider 'up' is left out")


def test_each_request_is_one_json_line_on_stderr_and_nothing_else_is(tmp_path):
    with serving(tmp_path) as served:
        assert served.chat(model="simulator/any")[0] == 200
        served.get("/health")
        assert served.end(signal.SIGTERM)[0] == 0
        (record,) = [json.loads(line) for line in served.process.stderr.read().splitlines()]
        assert record.items() >= {"event": "request", "status": 200, "provider": "simulator"}.items()


def test_below_the_log_level_nothing_is_written(tmp_path):
    with serving(tmp_path, None, "--log-level", "warning") as served:
        assert served.chat(model="simulator/any")[0] == 200
        assert served.end(signal.SIGTERM)[0] == 0
        assert served.process.stderr.read() == ""


def until_answered(process, url):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                assert answer.status == 200
            return
        except urllib.error.URLError:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_reader_of_its_lines_that_leaves_does_not_end_it(tmp_path):
    port = free_port()
    process = start(tmp_path, "--port", str(port))
    try:
        process.stdout.close()
        until_answered(process, f"http://127.0.0.1:{port}/health")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


PROBE = """
import sys, threading, time
def look():
    import urllib.request
    while True:
        try:
            urllib.request.urlopen("http://127.0.0.1:%d/health").read()
            break
        except OSError:
            time.sleep(0.005)
    print(sorted({"rich", "quart", "redis", "structlog", "prometheus_client"} & set(sys.modules)), flush=True)
    import os, signal
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=look, daemon=True).start()
from sluicegate.cli import main
sys.exit(main(["serve", "--port", "%d"]))
"""


def test_starting_loads_nothing_that_only_the_admin_room_or_a_terminal_needs(tmp_path):
    port = free_port()
    run = subprocess.run(
        [sys.executable, "-c", PROBE % (port, port)],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert run.stdout.splitlines()[-1] == "[]"
