"""Keys that are made, changed and revoked while gateways run, by their admin APIs and by the command line."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.serve_process import ADMIN_KEY, CHAT, PATIENCE, environment, serving, start

CONFIG = """
providers:
  sim: { type: simulator, tokens: 3, first_token: 0ms, tokens_per_second: 0 }
server: { port: 0, workers: %s }
cache: { enabled: false }
recall: { enabled: false }
database: { url: "%s" }
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres").new_database()
    return f"sqlite:///{tmp_path}/both.db"


def cli(folder, *arguments, expect=0, **environ):
    """Run the command line; return what it prints, or what it complains of."""
    done = subprocess.run(
        [sys.executable, "-m", "sluicegate", *arguments],
        cwd=folder,
        env={**environment(folder), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return done.stdout if expect == 0 else done.stderr


def ask(port, method, path, body=None, key=ADMIN_KEY):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, None if body is None else json.dumps(body), {"authorization": f"Bearer {key}"})
    with connection.getresponse() as answer:
        found = answer.status, json.loads(answer.read())
    connection.close()
    return found


class Kept:
    """Connections that stay open, so that several workers have some of them."""

    def __init__(self, port, count=12):
        self._all = [http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _ in range(count)]

    def statuses(self, key):
        """Send one chat on each, all at once; return what statuses there are."""
        for one in self._all:
            one.request("POST", "/v1/chat/completions", json.dumps(CHAT), {"authorization": f"Bearer {key}"})
        found = set()
        for one in self._all:
            with one.getresponse() as answer:
                answer.read()
                found.add(answer.status)
        return found

    def seconds_until(self, wanted, key):
        """Return how long it takes until all of them hear one status."""
        began = time.monotonic()
        while self.statuses(key) != {wanted}:
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.02)
        return time.monotonic() - began

    def close(self):
        for one in self._all:
            one.close()


@contextlib.contextmanager
def kept(port):
    found = Kept(port)
    try:
        yield found
    finally:
        found.close()


def test_all_workers_of_two_gateways_take_in_what_one_of_them_or_the_command_line_changes(tmp_path, url):
    secret = {"SLUICEGATE_ADMIN_KEY": ADMIN_KEY}
    with serving(tmp_path, CONFIG % (2, url), **secret) as one:
        one.until(lambda figures: len(figures["workers"]["pids"]) == 2)
        with serving(tmp_path, CONFIG % (1, url), **secret) as two, kept(one.port) as first, kept(two.port) as second:
            assert first.statuses("none") == second.statuses("none") == {200}
            status, key = ask(one.port, "POST", "/admin/keys", {"name": "ci"})
            assert status == 201
            for gateway in (first, second):
                assert gateway.seconds_until(200, key["key"]) < 5
                assert gateway.seconds_until(401, "none") < 5

            rotated = json.loads(cli(tmp_path, "keys", "rotate", "ci", "--overlap", "1h", "--json"))
            for gateway in (first, second):
                assert gateway.seconds_until(200, rotated["key"]) < 5
                assert gateway.statuses(key["key"]) == {200}

            status, _ = ask(two.port, "POST", f"/admin/keys/{key['id']}/revoke")
            assert status == 200
            took = [gateway.seconds_until(401, rotated["key"]) for gateway in (first, second)]
            assert max(took) < 1.5, took  # half a second, and what two cores take that do much else
            assert first.statuses(key["key"]) == second.statuses(key["key"]) == {401}
            log = []
            for served in (one, two):
                served.process.send_signal(signal.SIGTERM)
                log.append(served.process.communicate(timeout=PATIENCE)[1])
    said = "\n".join([*log, *one.lines, *two.lines])
    assert '"key":"ci"' in said.replace(" ", "")
    for hidden in (key["key"], rotated["key"], ADMIN_KEY, (tmp_path / "state" / "key-secret").read_text().strip()):
        assert hidden not in said
    assert "Traceback" not in said


def test_with_a_key_in_the_database_any_address_may_be_listened_on(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG % (1, "") + "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
    arguments = ("--host", "0.0.0.0", "--port", "0")
    refused = start(tmp_path, *arguments)
    _, told = refused.communicate(timeout=PATIENCE)
    assert refused.returncode == 2
    assert "without API keys" in told
    assert "sluicegate keys create NAME" in told
    text = re.search(r"sk-sg-\S+", cli(tmp_path, "keys", "create", "ci"))[0]
    process = start(tmp_path, *arguments)
    try:
        port = 0
        while not port:
            found = re.search(r"listens on http://\S+:(\d+)", process.stdout.readline())
            port = int(found[1]) if found else 0
        with kept(port) as gateway:
            assert gateway.seconds_until(200, text) < 5
            assert gateway.statuses("none") == {401}
            # No deletion opens it to everybody.
            cli(tmp_path, "keys", "delete", "ci")
            assert gateway.seconds_until(401, text) < 5
            time.sleep(0.6)
            assert gateway.statuses("none") == {401}
    finally:
        process.kill()
        process.communicate()


def test_a_gateway_with_another_secret_does_not_start(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG % (1, ""))
    cli(tmp_path, "keys", "create", "ci")
    secret = {"SLUICEGATE_KEY_SECRET": "another-secret-of-32-characters!"}
    for arguments, more in ((("--port", "0"), secret), (("--port", "0"), {"SLUICEGATE_KEY_SECRET": "short"})):
        process = start(tmp_path, *arguments, **more)
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2
        assert len(told.splitlines()) == 1
        assert "SLUICEGATE_KEY_SECRET" in told
        assert more["SLUICEGATE_KEY_SECRET"] not in told
    told = cli(tmp_path, "keys", "create", "other", expect=2, **secret)
    assert "were made with another secret" in told


def test_while_the_database_is_away_nobody_gets_in_and_later_its_keys_do(tmp_path):
    path = tmp_path / "away.db"
    config = CONFIG % (1, f"sqlite:///{path}")
    (tmp_path / "config.yaml").write_text(config)
    text = json.loads(cli(tmp_path, "keys", "create", "ci", "--json"))["key"]
    os.rename(path, tmp_path / "aside.db")
    for left in tmp_path.glob("away.db*"):
        left.unlink()
    path.mkdir()
    with serving(tmp_path, config) as served, kept(served.port) as gateway:
        assert gateway.statuses("none") == {401}
        assert gateway.statuses(text) == {503}
        path.rmdir()
        os.rename(tmp_path / "aside.db", path)
        assert gateway.seconds_until(200, text) < 5
