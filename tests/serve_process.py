"""`sluicegate serve` as a process of which everything is looked at: its lines, its exit code, its log, its sockets."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

CHAT = {"model": "sim/any", "messages": [{"role": "user", "content": "Hello"}]}
ADMIN_KEY = "the-admin-key-of-the-tests"
"""For those that have it in their environment."""
PATIENCE = 30
"""Seconds after which something that waits has failed."""


def environment(tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "SLUICEGATE_STATE_DIR": str(tmp_path / "state")}


def start(tmp_path, *arguments, **environ):
    command = [sys.executable, "-m", "sluicegate", "serve", *arguments]
    return subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**environment(tmp_path), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Served:
    """A running `serve`, with the lines it has printed."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        for line in process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith(("  try", "  keys       every")):
                break
        found = re.search(r"https?://127\.0\.0\.1:(\d+)", "\n".join(self.lines))
        assert found, process.stderr.read()
        self.port = int(found[1])

    def get(self, path):
        return self._ask(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}"))

    def figures(self):
        """Return what /metrics tells."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        return self._ask(urllib.request.Request(url, headers={"x-api-key": ADMIN_KEY}))[1]

    def until(self, what):
        """Wait until what the figures are asked for is so, and return them."""
        deadline = time.monotonic() + PATIENCE
        while not what(figures := self.figures()):
            assert time.monotonic() < deadline, figures
            time.sleep(0.05)
        return figures

    def chat(self, **fields):
        """Send a chat; return the status and the whole answer."""
        url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        body = json.dumps({**CHAT, **fields}).encode()
        return self._ask(urllib.request.Request(url, body, {"content-type": "application/json"}))

    def _ask(self, request):
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def open_chat(self, **fields):
        """Send a chat and return the socket."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        body = json.dumps({**CHAT, **fields}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
        sock.sendall(head.encode() + body)
        return sock

    def until_draining(self):
        """Wait until the gateway has acted on a signal that lets it drain."""
        deadline = time.monotonic() + PATIENCE
        while not self._drains():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _drains(self):
        try:
            return self.get("/health/readiness")[0] == 503
        except http.client.RemoteDisconnected:
            return False  # by one of several workers, which has just come to its end

    def end(self, number):
        """Send a signal; return exit code and seconds until the end."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), time.monotonic() - began


@contextmanager
def serving(tmp_path, config=None, *arguments, **environ):
    if config is not None:
        (tmp_path / "config.yaml").write_text(config)
    else:
        arguments = ("--port", "0", *arguments)
    process = start(tmp_path, *arguments, **environ)
    try:
        yield Served(process)
    finally:
        process.kill()
        process.communicate()


def read_until(sock, mark):
    received = b""
    while mark not in received:
        part = sock.recv(65536)
        assert part, received
        received += part
    return received


def read_to_the_end(sock):
    received = b""
    while part := sock.recv(65536):
        received += part
    return received
