"""`sluicegate serve` and its ledger: what is there after the process was killed, at the worst moment there is."""

import http.client
import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.serve_process import CHAT, PATIENCE, serving, start

CONFIG = """
server: {{ port: 0, workers: {workers} }}
providers: {{ sim: {{ type: simulator, first_token: 1ms, tokens_per_second: 100000, tokens: 3 }} }}
cache: {{ enabled: false }}
database: {{ {database} }}
"""
CLIENTS = 8
EPSILON = 1.0
"""Seconds beyond those of a flush: for a batch to be written on a busy machine."""


def labels(path):
    with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.OperationalError):
        return [label for (label,) in connection.execute("SELECT label FROM calls")]
    return []


class Load:
    """Clients that ask until they are told to stop, and remember when each answer was there."""

    def __init__(self, port):
        self.answered = {}
        self._port = port
        self._stop = False
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop = True
        for thread in self._threads:
            thread.join()

    def _ask(self, client):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        body = json.dumps({**CHAT, "model": "sim/any"})
        with closing(connection), suppress(OSError, http.client.HTTPException):
            for number in range(1_000_000):
                if self._stop:
                    return
                label = f"{client}-{number}"
                headers = {"content-type": "application/json", "x-request-id": label}
                connection.request("POST", "/v1/chat/completions", body, headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                self.answered[label] = time.monotonic()


def children_of(pid):
    """The processes that a process has started, and their own."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from children_of(int(child))


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_loses_nothing_but_the_rows_of_the_last_flush_and_doubles_none(tmp_path, workers):
    config = CONFIG.format(workers=workers, database="flush: 100ms")
    with serving(tmp_path, config) as served, Load(served.port) as load:
        time.sleep(1.5)
        killed = time.monotonic()
        for pid in [served.process.pid, *children_of(served.process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        served.process.wait()
    found = labels(tmp_path / "state" / "sluicegate.db")
    long_ago = {label for label, moment in load.answered.items() if moment < killed - 0.1 - EPSILON}
    assert len(long_ago) > 20
    assert long_ago <= set(found)
    assert len(found) == len(set(found))


def test_sigterm_writes_every_row(tmp_path):
    config = CONFIG.format(workers=1, database="flush: 10s")
    with serving(tmp_path, config) as served:
        for number in range(20):
            assert served.chat(model="sim/any", user=str(number))[0] == 200
        assert served.end(signal.SIGTERM)[0] == 0
    assert len(labels(tmp_path / "state" / "sluicegate.db")) == 20


def test_rows_that_a_killed_process_had_spooled_are_written_by_the_next(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.touch()
    config = CONFIG.format(workers=1, database="flush: 20ms, url: 'sqlite:///blocked/ledger.db'")
    config += "auth: { enabled: false }\n"  # keys are in the database, too: who cannot read it lets nobody in
    with serving(tmp_path, config) as served:
        for _ in range(5):
            assert served.chat(model="sim/any")[0] == 200
        time.sleep(0.5)
        served.process.kill()
        served.process.wait()
    blocked.unlink()
    with serving(tmp_path, config) as served:
        assert served.chat(model="sim/any")[0] == 200
        deadline = time.monotonic() + PATIENCE
        while len(labels(blocked / "ledger.db")) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert served.end(signal.SIGTERM)[0] == 0
    assert len(labels(blocked / "ledger.db")) == 6
    assert list((tmp_path / "state").glob("ledger-spool-*/*")) == []


def test_a_url_that_cannot_be_used_is_told_at_the_start_without_its_password(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG.format(workers=1, database="url: 'mysql://me:hunter2@host/x'"))
    process = start(tmp_path)
    said, complained = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "there is no database mysql://" in complained
    assert "hunter2" not in said + complained
