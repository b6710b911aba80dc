"""`sluicegate serve` and the signals that end it."""

import array
import fcntl
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.serve_process import PATIENCE, Served, environment, read_to_the_end, read_until, serving, start

SIMULATED = """
providers:
  sim: { type: simulator, %s }
server: { port: 0, drain: 20s }
"""
HELD = """
providers:
  held: { type: openai, base_url: "%s", api_key: none-needed }
server: { port: 0, drain: 20s }
"""
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n"
)
AT_ONCE = 2
"""Seconds that an end without patience may take."""


class Upstream:
    """A server that has one request, and answers it when the test says so."""

    def __init__(self, listener, open_until_the_end):
        listener.settimeout(PATIENCE)
        self._listener = listener
        self._open = open_until_the_end
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

    def heard(self):
        """Wait for the request: from now on it is under way in the gateway."""
        connection, _ = self._listener.accept()
        self._request = self._open.enter_context(connection)
        self._request.settimeout(PATIENCE)
        read_until(self._request, b"\r\n\r\n")

    def answer(self):
        self._request.sendall(ANSWER)
        self._request.shutdown(socket.SHUT_WR)


@contextmanager
def held():
    with ExitStack() as stack:
        yield Upstream(stack.enter_context(socket.create_server(("127.0.0.1", 0))), stack)


def unread(sock):
    """Return how many bytes wait in a socket."""
    size = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, size)
    return size[0]


def until_full(sock):
    """Wait until nothing comes any more, since the socket's buffer is full."""
    held = -1
    deadline = time.monotonic() + PATIENCE
    while (waiting := unread(sock)) == 0 or waiting != held:
        assert time.monotonic() < deadline
        held = waiting
        time.sleep(0.2)


def test_sigint_ends_it_within_two_seconds_and_tells_open_streams(tmp_path):
    with serving(tmp_path, SIMULATED % "tokens_per_second: 2, cut_rate: 0") as served:
        with served.open_chat(stream=True) as stream:
            read_until(stream, b"data: ")
            code, seconds = served.end(signal.SIGINT)
            rest = read_to_the_end(stream)
        assert (code, seconds < AT_ONCE) == (0, True), seconds
        assert b'"code":"shutting_down"' in rest
        assert b"[DONE]" not in rest
        # The last chunk of the transfer coding: the connection was not merely cut.
        assert rest.endswith(b"0\r\n\r\n")


def test_sigint_ends_it_within_two_seconds_when_a_client_has_stopped_reading(tmp_path):
    with serving(tmp_path, SIMULATED % "tokens: 100000, tokens_per_second: 0") as served:
        with served.open_chat(stream=True, max_tokens=100_000) as stuck:
            until_full(stuck)
            code, seconds = served.end(signal.SIGINT)
        assert (code, seconds < AT_ONCE) == (0, True), seconds


def test_sigterm_lets_what_is_under_way_come_to_its_end(tmp_path):
    with (
        held() as upstream,
        serving(tmp_path, HELD % upstream.url) as served,
        served.open_chat(model="held/any", stream=True) as stream,
    ):
        upstream.heard()
        served.process.send_signal(signal.SIGTERM)
        served.until_draining()
        with served.open_chat() as late:
            refused = read_until(late, b"}}")
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in refused
        upstream.answer()
        assert b"[DONE]" in read_to_the_end(stream)
        assert served.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once(tmp_path, second):
    with (
        held() as upstream,
        serving(tmp_path, HELD % upstream.url) as served,
        served.open_chat(model="held/any", stream=True),
    ):
        upstream.heard()
        served.process.send_signal(signal.SIGTERM)
        served.until_draining()
        assert served.process.poll() is None
        code, seconds = served.end(second)
        assert (code, seconds < AT_ONCE) == (128 + second, True), seconds


AT_A_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "sluicegate", "serve", "--config", "config.yaml"])
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_it_ends_with_the_terminal_that_it_was_started_at(tmp_path, workers):
    (tmp_path / "config.yaml").write_text(f"server: {{ port: 0, workers: {workers} }}\n")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", AT_A_TERMINAL]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdin=theirs, stdout=pipe, stderr=pipe, text=True
    )
    try:
        os.close(theirs)
        assert "listens on" in process.stdout.readline()
        os.close(ours)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()


UNDER_A_LEADER = """
import fcntl, os, signal, subprocess, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
start = {
    "make": {},
    "background": {"process_group": 0},
    "nohup": {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)},
}
# As make does: the leader hears of the end, and waits for what it has started.
signal.signal(signal.SIGHUP, lambda *_: print("hung up", flush=True))
command = [sys.executable, "-m", "sluicegate", "serve", "--config", "config.yaml"]
sys.exit(subprocess.Popen(command, stdin=0, **start[sys.argv[1]]).wait())
"""


@contextmanager
def under_a_leader(tmp_path, how, *, workers=1):
    """Serve in a session whose leader waits; yield what was started, the leader and our side of its terminal."""
    (tmp_path / "config.yaml").write_text(f"server: {{ port: 0, workers: {workers} }}\n")
    ours, theirs = pty.openpty()
    leader = subprocess.Popen(
        [sys.executable, "-c", UNDER_A_LEADER, how],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        os.close(theirs)
        served = Served(leader)
        (child,) = Path(f"/proc/{leader.pid}/task/{leader.pid}/children").read_text().split()
        try:
            yield served, int(child), ours
        finally:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
    finally:
        leader.kill()
        leader.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tell")
@pytest.mark.parametrize("workers", [1, 2])
def test_it_ends_with_the_terminal_although_only_another_is_told(tmp_path, workers):
    with under_a_leader(tmp_path, "make", workers=workers) as (served, _, terminal):
        os.write(terminal, b"typed, and read by nobody\n")
        assert served.chat(model="simulator/any")[0] == 200
        os.close(terminal)
        assert served.process.wait(PATIENCE) == 0
        assert served.process.stdout.read().count("hung up") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tell")
@pytest.mark.parametrize("how", ["background", "nohup"])
def test_what_is_to_outlive_its_terminal_does(tmp_path, how):
    with under_a_leader(tmp_path, how) as (served, child, terminal):
        os.close(terminal)
        while "hung up" not in served.process.stdout.readline():
            pass
        if how == "nohup":
            os.kill(child, signal.SIGHUP)
        began = time.monotonic()
        while time.monotonic() - began < AT_ONCE / 2:
            assert served.chat(model="simulator/any")[0] == 200
        os.kill(child, signal.SIGTERM)
        assert served.process.wait(PATIENCE) == 0


def test_a_log_that_nobody_reads_does_not_keep_it_from_ending(tmp_path):
    with serving(tmp_path, SIMULATED % "tokens: 1, first_token: 0ms") as served:
        held = -1
        while (waiting := unread(served.process.stderr)) == 0 or waiting != held:
            held = waiting
            for _ in range(50):
                assert served.chat()[0] == 200
            time.sleep(0.2)  # lines are gathered for a moment before they are written
        for _ in range(50):
            served.chat()
        code, seconds = served.end(signal.SIGTERM)
        assert (code, seconds < 2 * AT_ONCE) == (0, True), seconds


def catches_sigint(pid):
    """Say whether a process has a handler of its own for SIGINT, as Python has from its start on."""
    with open(f"/proc/{pid}/status") as status:
        caught = next(line.split()[1] for line in status if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << (signal.SIGINT - 1))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux tells which signals are caught")
def test_ctrl_c_in_the_middle_of_a_start_leaves_no_traceback(tmp_path):
    process = start(tmp_path)
    for wanted in (True, False):
        while catches_sigint(process.pid) is not wanted:
            time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGINT
    assert said == ""
