"""`sluicegate serve` with several workers: what they share, what survives the end of one, and how all of them end."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

from tests.serve_process import ADMIN_KEY, CHAT, PATIENCE, read_to_the_end, read_until, serving, start
from tests.test_serve_signals import AT_ONCE, HELD, held

CONFIG = """
providers:
  sim: { type: simulator, %s }
server: { port: 0, workers: 2, drain: 20s }
cache: { enabled: false }
recall: { enabled: false }
"""
FAST = "tokens: 5, first_token: 0ms, tokens_per_second: 0"
SLOW = "tokens: 40, tokens_per_second: 40"
QUIET = ("--log-level", "warning")
"""For tests with many requests: nobody reads the log meanwhile."""
HELD_BY_TWO = HELD.replace("port: 0", "port: 0, workers: 2") + "cache: { enabled: false }\nrecall: { enabled: false }\n"


@contextmanager
def two_workers(tmp_path, config=CONFIG % FAST, *arguments):
    """Give a gateway of which both workers take requests."""
    with serving(tmp_path, config, *arguments, SLUICEGATE_ADMIN_KEY=ADMIN_KEY) as served:
        served.until(lambda figures: len(figures["workers"]["pids"]) == 2)
        yield served


def pids(served):
    return served.figures()["workers"]["pids"]


def events(served):
    """Return what the log has, once the gateway has ended."""
    return [json.loads(line) for line in served.process.stderr.read().splitlines()]


def running(found):
    """Return those of some processes that have not ended, whether or not anybody has asked how they did."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-p", ",".join(map(str, found))], capture_output=True, text=True, check=False
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, state in rows if not state.startswith("Z")]


def children(of):
    """Return the processes that one has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(of)], capture_output=True, text=True, check=True)
    return listed.stdout.split()


def until_gone(found, but=0):
    deadline = time.monotonic() + PATIENCE
    while len(running(found)) > but:
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Load:
    """Clients that ask one request after the other, on connections that they keep, until the block ends."""

    def __init__(self, served, clients=4, **fields):
        self.statuses = []
        self.failures = []
        self._port = served.port
        self._body = json.dumps({**CHAT, **fields})
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.until_more(20)
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def until_more(self, count):
        wanted = len(self.statuses) + count
        deadline = time.monotonic() + PATIENCE
        while len(self.statuses) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        while not self._over.is_set():
            try:
                connection.request("POST", "/v1/chat/completions", self._body, {"content-type": "application/json"})
                with connection.getresponse() as answer:
                    answer.read()
                    self.statuses.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(error)
                connection.close()
            time.sleep(0.002)
        connection.close()


def test_both_answer_and_their_figures_are_one_truth_whatever_a_terminal_sends_them(tmp_path):
    with two_workers(tmp_path) as served:
        text = "\n".join(served.lines)
        assert (text.count("listens on"), text.count("\n  workers    2; ")) == (1, 1)
        # Connections that stay open: whoever is busy with them leaves the next one to the other.
        kept = [http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE) for _ in range(40)]
        for connection in kept:
            connection.request("POST", "/v1/chat/completions", json.dumps(CHAT))
        for connection in kept:
            with connection.getresponse() as answer:
                assert answer.status == 200
                answer.read()
            connection.close()
        figures = served.until(lambda figures: figures["settled"] == 40)
        assert figures["totals"]["outcomes"] == {"ok": 40}
        assert figures["series"][0]["latency_ms"]["count"] == 40
        assert figures["breakers"]["sim"]["workers"] == {"closed": 2}
        for pid in figures["workers"]["pids"]:
            assert os.getsid(pid) == pid
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)
        for _ in range(10):
            again = served.figures()
            assert (again["totals"]["requests"], again["workers"]["deaths"]) == (40, 0)
        assert served.end(signal.SIGTERM)[0] == 0
        lines = events(served)
        assert [line["event"] for line in lines] == ["request"] * 40
        # A gateway's ids begin with a part of their own.
        assert len({line["id"].partition("-")[0] for line in lines}) == 2


def test_a_worker_that_is_killed_loses_its_own_requests_only_and_no_figures(tmp_path):
    with two_workers(tmp_path, CONFIG % FAST, *QUIET) as served:
        before = pids(served)
        with Load(served) as load:
            load.until_more(100)
            asked = served.figures()["totals"]["requests"]
            os.kill(before[0], signal.SIGKILL)
            after = served.until(lambda figures: len(figures["workers"]["pids"]) == 2 and figures["workers"]["deaths"])
            load.until_more(100)
        # Each client has one request under way, and connects anew at once: to whom is still there.
        assert len(load.failures) <= 4, load.failures
        assert set(load.statuses) == {200}
        assert after["workers"]["deaths"] == 1
        assert before[1] in after["workers"]["pids"]
        assert before[0] not in after["workers"]["pids"]
        assert after["totals"]["requests"] >= asked >= 100
        total = served.until(lambda figures: figures["in_flight"] == 0)["totals"]["requests"]
        # What the killed one had counted since its last report is lost, and nothing else.
        assert asked + 100 <= total <= len(load.statuses) + len(load.failures)
        assert served.end(signal.SIGTERM)[0] == 0
        (death,) = [line["event"] for line in events(served)]
        assert death.startswith(f"worker {before[0]} was killed by SIGKILL after ")
        assert death.endswith(" s; another one starts in 0.1 s")


def test_sigterm_lets_what_is_under_way_come_to_its_end(tmp_path):
    with (
        held() as upstream,
        two_workers(tmp_path, HELD_BY_TWO % upstream.url) as served,
        served.open_chat(model="held/any", stream=True) as stream,
    ):
        upstream.heard()
        workers = pids(served)
        served.process.send_signal(signal.SIGTERM)
        served.until_draining()
        until_gone(workers, but=1)  # the one that has nothing under way
        with served.open_chat() as late:
            assert read_until(late, b"}}").startswith(b"HTTP/1.1 503 ")
        upstream.answer()
        assert b"[DONE]" in read_to_the_end(stream)
        assert served.process.wait(PATIENCE) == 0
        assert running(workers) == []


def test_sigint_ends_all_within_two_seconds_and_tells_open_streams(tmp_path):
    with two_workers(tmp_path, CONFIG % SLOW) as served, served.open_chat(stream=True) as stream:
        workers = pids(served)
        read_until(stream, b"data: ")
        code, seconds = served.end(signal.SIGINT)
        assert (code, seconds < AT_ONCE) == (0, True), seconds
        assert b'"code":"shutting_down"' in read_to_the_end(stream)
        assert running(workers) == []


def test_a_second_signal_leaves_no_process(tmp_path):
    with (
        held() as upstream,
        two_workers(tmp_path, HELD_BY_TWO % upstream.url) as served,
        served.open_chat(model="held/any", stream=True),
    ):
        upstream.heard()
        workers = pids(served)
        served.process.send_signal(signal.SIGTERM)
        served.until_draining()
        code, seconds = served.end(signal.SIGINT)
        assert (code, seconds < AT_ONCE) == (128 + signal.SIGINT, True), seconds
        until_gone(workers)


def test_without_their_supervisor_workers_drain_and_end(tmp_path):
    with two_workers(tmp_path, CONFIG % SLOW) as served, served.open_chat(stream=True) as stream:
        workers = pids(served)
        read_until(stream, b"data: ")
        served.process.kill()
        assert b"[DONE]" in read_until(stream, b"[DONE]")
        until_gone(workers)


def test_a_worker_that_does_not_move_is_killed_at_the_end(tmp_path):
    config = CONFIG.replace("drain: 20s", "drain: 0s") % FAST
    with two_workers(tmp_path, config) as served:
        stuck = pids(served)[0]
        os.kill(stuck, signal.SIGSTOP)
        code, seconds = served.end(signal.SIGINT)
        assert (code, seconds < AT_ONCE) == (0, True), seconds
        assert running([stuck]) == []
        assert f"worker {stuck} is killed: it has not left in time" in served.process.stderr.read()


def test_sighup_replaces_all_workers_and_loses_no_request(tmp_path):
    with two_workers(tmp_path, CONFIG % SLOW, *QUIET) as served:
        before = pids(served)
        with Load(served, model="sim/quick", max_tokens=1) as load, served.open_chat(stream=True) as stream:
            read_until(stream, b"data: ")
            (tmp_path / "config.yaml").write_text(CONFIG.replace("sim:", "new: { type: simulator }\n  sim:") % SLOW)
            served.process.send_signal(signal.SIGHUP)
            assert b"[DONE]" in read_until(stream, b"[DONE]")
            served.until(lambda figures: "new" in figures["breakers"])
            stream.close()
            served.until(lambda figures: set(before).isdisjoint(figures["workers"]["pids"]))
            load.until_more(50)
        assert served.chat(model="new/any", max_tokens=1)[0] == 200
        assert load.failures == []
        assert set(load.statuses) == {200}
        figures = served.until(lambda figures: figures["in_flight"] == 0)
        assert figures["totals"]["outcomes"] == {"ok": len(load.statuses) + 2}
        assert figures["workers"]["deaths"] == 0
        until_gone(before)


def test_sighup_with_a_configuration_that_cannot_be_used_keeps_the_old_workers(tmp_path):
    keys = 'auth: { api_keys: [{ key: "a-long-enough-key", name: one }] }\n'
    config = (CONFIG % FAST).replace("port: 0,", "port: 0, host: 0.0.0.0,")
    (tmp_path / "config.yaml").write_text(config + keys)
    process = start(tmp_path, *QUIET)
    try:
        assert "http://0.0.0.0:" in process.stdout.readline()
        workers = children(process.pid)
        for text, reason in (
            ("server: { prot: 1 }\n", "config.yaml:1:11: error: unknown key 'prot'"),
            (config, "error: refusing to listen on 0.0.0.0 without API keys"),
        ):
            (tmp_path / "config.yaml").write_text(text)
            process.send_signal(signal.SIGHUP)
            said = json.loads(process.stderr.readline())["event"]
            assert said.startswith(f"the workers stay as they are: {reason}")
        (tmp_path / "config.yaml").unlink()
        process.send_signal(signal.SIGHUP)
        assert "would come from the environment, and no more from config.yaml" in process.stderr.readline()
        assert children(process.pid) == workers != []
    finally:
        process.kill()
        process.communicate()


BREAKS_IN_WORKERS = """
import os, sys
if "sluicegate.cli.worker" in sys.orig_argv:
    os._exit(7)
"""


def test_workers_that_never_start_are_tried_with_growing_pauses(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG % FAST)
    (tmp_path / "sitecustomize.py").write_text(BREAKS_IN_WORKERS)
    process = start(tmp_path, PYTHONPATH=str(tmp_path))
    try:
        said = [json.loads(process.stderr.readline())["event"] for _ in range(6)]
        assert all(" ended with code 7 after " in line for line in said), said
        assert sorted(line.rpartition(" in ")[2] for line in said) == ["0.1 s"] * 2 + ["0.2 s"] * 2 + ["0.4 s"] * 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        out, _ = process.communicate()
    assert out == ""


def test_a_limit_holds_for_all_workers_together_and_outlives_the_death_of_one(tmp_path):
    limited = CONFIG % FAST + "limit: { requests: [30/h] }\n"
    with two_workers(tmp_path, limited, *QUIET) as served:
        with Load(served, clients=6) as load:
            load.until_more(60)
            os.kill(pids(served)[0], signal.SIGKILL)
            load.until_more(60)
        assert served.figures()["workers"]["deaths"] == 1
        # What a killed worker had admitted and not answered may be lost to its clients, but is never admitted again.
        assert 30 - len(load.failures) <= load.statuses.count(200) <= 30
        assert set(load.statuses) == {200, 429}
