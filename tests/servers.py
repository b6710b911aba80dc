"""Real servers for tests: on free ports of this machine, with their data in temporary folders, ended by their ids.

A fixture that starts one is used by tests with the marker of the server's name (tests/conftest.py).
"""

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

PATIENCE = 30
"""Seconds after which a server that does not do what it is told has failed."""


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


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
