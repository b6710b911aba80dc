"""An upstream that others have made: aimock, https://www.npmjs.com/package/@copilotkit/aimock.

It speaks many providers' APIs and answers from fixtures, which stand beside this file.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
PROGRAM = ROOT / ".venv-test/npm/node_modules/@copilotkit/aimock/dist/cli.js"
FIXTURES = HERE.with_suffix(".json")
PATIENCE = 30.0
"""Seconds for it to start."""


@contextmanager
def running_aimock() -> Iterator[str]:
    """Run it on a free port, fetched if need be. Yields its URL."""
    if not PROGRAM.exists():
        subprocess.run(["make", "npm-deps"], cwd=ROOT, check=True, timeout=300)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    command = ["node", PROGRAM, "--port", str(port), "--fixtures", FIXTURES, "--strict", "--log-level", "silent"]
    with subprocess.Popen(command) as process:
        try:
            _await_start(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _await_start(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None, "aimock ended"
            assert time.monotonic() < end, "aimock did not start"
            time.sleep(0.05)
