"""Processes to measure: simulated upstreams and gateways, each kept on a core, waited for, and ended with the block."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

START = 30.0
"""Seconds within which a process must be ready."""
END = 10.0
"""Seconds that it gets to end by itself."""
HEALTH = "/health"
_LISTENS = re.compile(rb"listens on (http://\S+)")


class NotStarted(RuntimeError):
    """A process did not become ready. The message has what it said."""


@dataclass(frozen=True)
class Running:
    """A process that serves.

    Attributes:
        url: Where.
        pid: Of the process itself; it may have children.
        ready_after: Seconds from its start to its first good answer.
    """

    url: str
    pid: int
    ready_after: float
    process: subprocess.Popen[bytes] = field(repr=False)


def cores() -> list[int]:
    """Return the cores that this process may use; empty where the system cannot tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(chosen: Collection[int], pid: int = 0) -> None:
    """Keep a process on these cores, where the system can; children that it starts later are kept there too.

    Args:
        chosen: Core numbers; with none of them the process stays where it is.
        pid: Of the process, or 0 for this one.

    Raises:
        OSError: There are no such cores.
    """
    if chosen and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, chosen)


@contextmanager
def simulator(*options: str, on: Collection[int] = ()) -> Iterator[Running]:
    """Run a simulated upstream on a free port of 127.0.0.1 for as long as the block runs.

    Args:
        options: As ``sluicegate perf simulate`` takes them.
        on: The cores that it is kept on.

    Raises:
        NotStarted: It did not start.
    """
    with _running(["perf", "simulate", "--port", "0", *options], on, dict(os.environ)) as running:
        yield running


@contextmanager
def gateway(
    config: Path,
    *,
    on: Collection[int] = (),
    environ: Mapping[str, str] | None = None,
    python: str = sys.executable,
    log: Path | None = None,
) -> Iterator[Running]:
    """Serve a configuration on a free port of its host for as long as the block runs.

    Args:
        config: The file.
        on: The cores that it is kept on.
        environ: Its environment; this process's by default. State goes to a folder that ends with the block.
        python: The interpreter whose Sluicegate is served, such as that of another commit's environment.
        log: Where its log goes, access log included; without it there is none but of errors.

    Raises:
        NotStarted: It did not start.
    """
    with TemporaryDirectory(prefix="sluicegate-perf-") as state:
        env = {**(os.environ if environ is None else environ), "SLUICEGATE_STATE_DIR": state}
        level = "error" if log is None else "info"
        arguments = ["serve", "--config", str(config.resolve()), "--port", "0", "--log-level", level]
        with _running(arguments, on, env, python, log) as running:
            yield running


def healthy(url: str, within: float = START, path: str = HEALTH) -> None:
    """Wait until a server says that it is well, at this path.

    Raises:
        TimeoutError: It did not in so many seconds.
    """
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + within
    while True:
        try:
            with opener.open(url + path, timeout=within) as answer:
                answer.read()
                return
        except (HTTPError, URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} was not healthy within {within:g} s: {error}") from error
        time.sleep(0.005)


@contextmanager
def _running(
    arguments: list[str],
    on: Collection[int],
    env: dict[str, str],
    python: str = sys.executable,
    log: Path | None = None,
) -> Iterator[Running]:
    began = time.monotonic()
    with TemporaryDirectory(prefix="sluicegate-perf-") as folder:
        errors = log or Path(folder) / "stderr"
        with errors.open("wb") as file:
            command = [python, "-m", "sluicegate", *arguments]
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, env=env, cwd=folder
            )
        try:
            pin(on, process.pid)
            url = _url(process, errors, " ".join(arguments[:2]))
            healthy(url)
            yield Running(url, process.pid, time.monotonic() - began, process)
        finally:
            end(process)


def _url(process: subprocess.Popen[bytes], errors: Path, name: str) -> str:
    """Read what a process prints until it says where it listens."""
    assert process.stdout is not None
    output, said = process.stdout.fileno(), b""
    deadline = time.monotonic() + START
    while (found := _LISTENS.search(said)) is None:
        ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(output, 65536) if ready else b""
        if not data:
            what = (said + errors.read_bytes()).decode(errors="replace").strip()
            raise NotStarted(f"{name} did not start: {what or 'it said nothing'}")
        said += data
    return found[1].decode()


def end(process: subprocess.Popen[bytes]) -> None:
    """Tell a process to end, and wait for it; one that takes too long is killed."""
    process.terminate()
    try:
        process.wait(END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
