"""Real servers on free ports of this machine. A test starts, hurts and ends them; their data is in its folder."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

PATIENCE = 20.0
"""Seconds after which a server that does not answer has failed."""


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


class RedisServer:
    """A redis-server that keeps nothing on disk. It is reached by TCP, and by a Unix socket at ``socket``.

    Args:
        folder: Where its socket is.
        options: As its command line takes them, such as ``requirepass=secret``.
    """

    def __init__(self, folder: Path, **options: str) -> None:
        self.port = free_port()
        self.socket = folder / "redis.sock"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "unixsocket": str(self.socket),
            "save": "",
            "dir": str(self._folder),
            "daemonize": "no",
            "logfile": str(self._folder / "redis.log"),
            "enable-debug-command": "yes",
            **self._options,
        }
        command = ["redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, "redis-server has ended; its log is in the test's folder"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.01)

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as one:
            one.settimeout(1.0)
            one.connect(str(self.socket))
            one.sendall(b"PING\r\n")
            return bool(one.recv(16))
        return False

    def kill(self) -> None:
        """End it at once. Whoever is connected is told by their sockets."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it where it is: connections stay, and nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
