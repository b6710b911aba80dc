"""The command line: one file a verb, and only the verb that is asked for is imported."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 for well, 1 for a failed check, 2 for an error of use."""
    if arguments is None and sys.argv[1:2] == ["serve"]:
        # Until the server listens for it, Ctrl-C ends the process as it does any other: no traceback of half a start.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .run import run  # typer takes 50 ms, and importing the package is not running it

    return run(list(sys.argv[1:] if arguments is None else arguments))
