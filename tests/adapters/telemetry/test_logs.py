import io
import json
import logging
import re
import subprocess
import sys
import threading

import pytest

from sluicegate.adapters.telemetry.log_writer import LogWriter
from sluicegate.adapters.telemetry.logs import LogHandler, configure


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Stuck(io.StringIO):
    """A file whose reader has stopped, until `go` is set."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()
        self.reached = threading.Event()

    def write(self, text):
        self.reached.set()
        assert self.go.wait(10)
        return super().write(text)


def lines(out):
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_and_level():
    out = io.StringIO()
    writer = LogWriter(out)
    writer.access({"id": "x-1", "status": 200, "cache": None})
    writer.close()
    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "request", "level": "info", "id": "x-1", "status": 200, "cache": None}


def test_a_field_cannot_take_the_place_of_a_lines_own():
    out = io.StringIO()
    writer = LogWriter(out)
    writer.access({"event": "mine", "timestamp": "never", "level": "high"})
    writer.close()
    (line,) = lines(out)
    assert (line["event"], line["level"], line["event_"], line["level_"]) == ("request", "info", "mine", "high")


def test_people_get_words_and_not_json():
    out = Terminal()
    writer = LogWriter(out)
    writer.access({"status": 200})
    writer.close()
    assert "request" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_no_text_in_a_line_for_people_can_move_their_cursor():
    out = Terminal()
    writer = LogWriter(out)
    forged = "a\x1b[2J\nb\r\x9b31mc\x7f\t"
    writer.put("error", forged, {"model": forged.replace(" ", ""), "many": [forged], "exception": forged})
    writer.close()
    text = out.getvalue()
    # What structlog itself writes to colour its columns, and nothing else.
    rest = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not [char for char in rest if (ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160]
    first, _, traceback = rest.partition("\n")
    assert r"a\x1b[2J\x0ab\x0d\x9b31mc\x7f\x09" in first
    assert first.count("2J") == 3
    assert traceback == "a\\x1b[2J\nb\\x0d\\x9b31mc\\x7f\t\n"


def test_an_access_log_that_is_full_does_not_keep_errors_out():
    out = Stuck()
    writer = LogWriter(out, capacity=20)
    writer.access({"n": 0})
    assert out.reached.wait(10)
    for number in range(1, 31):
        writer.access({"n": number})
    for number in range(3):
        writer.put("error", "broken", {"n": number})
    assert writer.dropped == 12 + 1
    out.go.set()
    writer.close()
    written = lines(out)
    assert [line["n"] for line in written if line["event"] == "request"] == list(range(19))
    assert [line["n"] for line in written if line["event"] == "broken"] == [0, 1]


def test_lines_below_the_level_are_not_written():
    out = io.StringIO()
    writer = LogWriter(out, level="warning")
    writer.access({"status": 200})
    writer.put("warning", "odd", {})
    writer.close()
    assert [line["event"] for line in lines(out)] == ["odd"]


def test_a_reader_that_stops_never_makes_a_logger_wait_and_what_is_lost_is_counted():
    out = Stuck()
    writer = LogWriter(out, capacity=2)
    writer.access({"n": 0})
    assert out.reached.wait(10)
    for number in range(1, 6):
        writer.access({"n": number})
    assert writer.dropped == 3
    out.go.set()
    writer.close()
    written = lines(out)
    assert [line["n"] for line in written if line["event"] == "request"] == [0, 1, 2]
    assert [line["count"] for line in written if line["event"] == "log lines dropped"] == [3]


def test_closing_does_not_wait_for_a_reader_that_never_comes():
    out = Stuck()
    writer = LogWriter(out, capacity=1)
    writer.access({})
    assert out.reached.wait(10)
    writer.access({})
    writer.close(timeout=0.01)
    out.go.set()


def test_a_closed_file_ends_nothing():
    out = io.StringIO()
    writer = LogWriter(out)
    out.close()
    writer.access({})
    writer.access({})
    writer.close()
    assert writer.dropped == 2


def test_a_librarys_record_brings_its_name_and_its_traceback():
    out = io.StringIO()
    writer = LogWriter(out)
    logger = logging.Logger("some.library")
    logger.addHandler(LogHandler(writer))
    try:
        raise ValueError("boom")
    except ValueError:
        logger.exception("it %s", "broke")
    writer.close()
    (line,) = lines(out)
    assert (line["event"], line["level"], line["logger"]) == ("it broke", "error", "some.library")
    assert "ValueError: boom" in line["exception"]


@pytest.fixture
def _logging_as_before():
    root, ours = logging.getLogger(), logging.getLogger("sluicegate")
    before = (root.handlers, root.level, ours.level)
    yield
    root.handlers, root.level, ours.level = before
    logging.captureWarnings(False)


@pytest.mark.usefixtures("_logging_as_before")
def test_ours_is_written_from_the_level_on_and_libraries_from_warnings_on():
    out = io.StringIO()
    writer = configure("debug", out)
    logging.getLogger("sluicegate.http").debug("a")
    logging.getLogger("httpx").info("b")
    logging.getLogger("httpx").warning("c")
    writer.close()
    assert [line["event"] for line in lines(out)] == ["a", "c"]


HOLD = """
import fcntl, sys
fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_nothing_is_written_while_another_process_holds_the_lock(tmp_path):
    out = io.StringIO()
    with (tmp_path / "lock").open("w") as lock:
        number = lock.fileno()
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(number)], pass_fds=[number], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            other.stdout.readline()
            writer = LogWriter(out, lock=number)
            writer.access({"id": "x"})
            writer.close(timeout=0.2)
            assert out.getvalue() == ""
            other.stdin.close()
        writer.close(timeout=10)
        assert [line["id"] for line in lines(out)] == ["x"]
