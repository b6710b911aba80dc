"""How a process that logs ends, whoever has stopped reading what it says."""

from __future__ import annotations

import os

from sluicegate.adapters.telemetry.log_writer import LogWriter


def close_logs(logs: LogWriter) -> None:
    """Write the last lines. If nobody takes them, end the process here, with code 0. Blocks for a second at most.

    The interpreter, as it ends, would wait for the thread that is writing, and so for ever.
    """
    if not logs.close():
        os._exit(0)
