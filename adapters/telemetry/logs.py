"""The standard library's loggers, led to the log writer."""

from __future__ import annotations

import logging
from typing import Any, TextIO

from .log_writer import LEVELS, LogWriter


class LogHandler(logging.Handler):
    """Takes records of the standard library's loggers to a LogWriter."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record over. Never waits."""
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = logging.Formatter().formatException(record.exc_info)
        self._writer.put(record.levelname.lower(), record.getMessage(), fields)


def configure(level: str, out: TextIO, *, lock: int | None = None) -> LogWriter:
    """Send all logging of this process to ``out``: ours from ``level`` on, that of libraries from warnings on.

    Args:
        lock: As `LogWriter` has it.
    """
    writer = LogWriter(out, level=level, lock=lock)
    root = logging.getLogger()
    root.handlers = [LogHandler(writer)]
    root.setLevel(logging.WARNING)
    logging.getLogger("sluicegate").setLevel(LEVELS[level])
    logging.captureWarnings(True)
    return writer
