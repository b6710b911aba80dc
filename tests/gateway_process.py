"""A gateway as a user starts it: `sluicegate serve` in a process of its own, on a free port."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

STARTS_WITHIN = 30.0
"""Seconds; a quarter of one on an idle machine."""
ENDS_WITHIN = 15.0
LISTENS = re.compile(rb"listens on (http://\S+)")
SETTINGS = ("OPENAI_API_KEY", "GATEWAY_API_KEYS", "GATEWAY_JWT_SECRET", "SLUICEGATE_ADMIN_KEY")
"""Variables that a developer may have set, and that would change what a gateway is."""


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what configures a gateway; warnings of the program's own are no errors."""
    environ = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return {**environ, "PYTHONUNBUFFERED": "1", **more}


@contextmanager
def serving(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Give the URL of a gateway that runs for as long as the block does, with ``folder`` as its working directory."""
    command = [sys.executable, "-m", "sluicegate", "serve", "--port", "0", *arguments]
    env = clean_environment(SLUICEGATE_STATE_DIR=str(folder), **(environ or {}))
    with (folder / "serve.err").open("wb") as errors:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=errors)
    try:
        yield _url(process, folder)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _url(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Read what the gateway prints until it says where it listens."""
    assert process.stdout is not None
    output = process.stdout.fileno()
    said = b""
    deadline = time.monotonic() + STARTS_WITHIN
    while (found := LISTENS.search(said)) is None:
        ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(output, 65536) if ready else b""
        if not data:
            raise AssertionError(
                f"the gateway did not start; it said {said!r} and {(folder / 'serve.err').read_text()}"
            )
        said += data
    return found[1].decode()
