"""Real servers for tests: on free ports of this machine, with their data in temporary folders, ended by their ids.

A fixture that starts one is used by tests with the marker of the server's name (tests/conftest.py).
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

PATIENCE = 30.0
"""Seconds after which a server that does not do what it is told has failed."""


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


def postgres_tool(name):
    """Return where a program of Postgres is, or None. Debian keeps most of them out of the path."""
    found = shutil.which(name)
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(places[-1]) if places else None)


class Postgres:
    """A server of its own, which refuses to run as root, so that root starts it as another user."""

    user = "sluice"
    password = "a-p@ss/word-of-postgres"

    def __init__(self):
        # Not below pytest's folder: that is closed to other users.
        self.folder = Path(tempfile.mkdtemp(prefix="sluicegate-postgres-"))
        self.port = free_port()
        self.process = None
        self._identity = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        command = [postgres_tool("initdb"), "-D", self.folder / "data", "-U", self.user, f"--pwfile={secret}"]
        options = ["-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run([*command, *options], check=True, capture_output=True, cwd="/", **self._identity)

    def start(self):
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        settings |= {"fsync": "off", "log_min_messages": "fatal", "max_connections": "50"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [postgres_tool("postgres"), "-D", self.folder / "data", *options],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._identity,
            )
        self._until_it_answers()

    def stop(self):
        """End it at once, clients or not."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(PATIENCE)
            self.process = None

    def freeze(self):
        """Let all of its processes stand still: that of each connection, too, which is in no group of the server's."""
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def _signal(self, number):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [self.process.pid, *map(int, children)]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def close(self):
        if self.process is not None:
            self.thaw()
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database="postgres"):
        password = self.password.replace("@", "%40").replace("/", "%2F")
        return f"postgresql://{self.user}:{password}@127.0.0.1:{self.port}/{database}"

    def ask(self, sql, database="postgres"):
        """Run a statement, and return its rows."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def new_database(self):
        """Return the URL of an empty database."""
        name = f"test_{time.monotonic_ns()}"
        self.ask(f"CREATE DATABASE {name}")
        return self.url(name)

    def _until_it_answers(self):
        import psycopg

        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)
