"""Replaying a cassette, from the command line, over sockets and in process."""

import json
import re
import signal
import subprocess
import sys
import threading

import msgspec
import pytest

from sluicegate.adapters.stores.cassette import Take, head_bytes, take_bytes
from sluicegate.cli import main
from sluicegate.perf.distributions import Distribution, always
from sluicegate.perf.load.shots import from_takes
from sluicegate.perf.replay import Pace
from sluicegate.perf.simulate.behaviour import Behaviour
from tests.perf.simulated import simulated


def take(number, at, *, stream=False, **more):
    body = {"model": "sim/m", "messages": [{"role": "user", "content": f"Question {number}"}], "stream": stream}
    return Take(at, "chat", "sim/m", stream, msgspec.json.encode(body), **more)


TAKES = [take(number, 100 + number * 0.01, stream=number % 2 == 1) for number in range(20)]


@pytest.fixture
def cassette(tmp_path):
    file = tmp_path / "c.cassette"
    # Takes stand in the order of their ends.
    file.write_bytes(head_bytes(created=0.0, by="test") + b"".join(map(take_bytes, reversed(TAKES))))
    return file


def ats(pace, times=1):
    return [round(one.at, 6) for one in pace.timed(from_takes(iter(TAKES[:5])), times)]


def test_takes_are_put_in_the_order_of_their_arrival():
    found = from_takes(iter([TAKES[3], TAKES[0], Take(0.0, "unheard-of"), TAKES[1]]), limit=2)
    assert [one.shot.body for one in found] == [TAKES[0].body, TAKES[1].body]
    assert [round(one.at, 6) for one in found] == [0.0, 0.01]


def test_paces_are_recorded_faster_or_even():
    assert ats(Pace()) == [0.0, 0.01, 0.02, 0.03, 0.04]
    assert ats(Pace(speed=2)) == [0.0, 0.005, 0.01, 0.015, 0.02]
    assert ats(Pace(rate=10)) == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert ats(Pace(), times=2)[4:7] == [0.04, 0.05, 0.06]
    assert ats(Pace(rate=10, random=True, seed=1)) == ats(Pace(rate=10, random=True, seed=1)) != ats(Pace(rate=10))


def run(cassette, *options):
    report = cassette.with_suffix(".json")
    code = main(["perf", "replay", str(cassette), "--json", str(report), *options])
    return code, json.loads(report.read_text())


def test_a_replay_over_sockets_keeps_the_times(cassette, capsys):
    with simulated(Behaviour(first_token=always(0.02))) as url:
        code, report = run(cassette, "--target", url, "--html", str(cassette.with_suffix(".html")), "--max-p99", "1s")
    assert code == 0
    assert (report["requests"], report["errors"]) == (20, {})
    assert 0.2 <= report["duration_s"] < 3
    assert 20 <= report["latency_ms"]["p50"] < 1000
    assert report["chunks"] == 10 * 42
    assert report["mode"] == "open loop at the recorded times"
    assert cassette.with_suffix(".html").read_text().startswith("<!doctype html>")
    assert "no errors" in capsys.readouterr().out


def test_broken_thresholds_are_exit_code_1(cassette, capsys):
    with simulated(Behaviour(error_rate=1.0)) as url:
        code, _ = run(cassette, "--target", url, "--connections", "2", "--max-error-rate", "0.5", "--max-p99", "1ms")
    assert code == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "sluicegate perf replay: 100.00% of the requests failed, limit 50.00%"
    assert "no p99" in said[1]


def test_a_gateway_in_this_process_is_a_target(cassette, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("providers: { sim: { type: simulator, first_token: 0ms, tokens_per_second: 10000 } }")
    code, report = run(cassette, "--config", str(config), "--rate", "500", "--repeat", "2", "--limit", "10")
    assert code == 0
    assert (report["requests"], report["errors"]) == (20, {})
    assert report["first_content_ms"] is not None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "name one of --target and --config"),
        (["--target", "http://x", "--config", "y"], "name one of --target and --config"),
        (["--target", "https://x"], "is no target"),
        (["--target", "http://127.0.0.1:1", "--rate", "1", "--speed", "2"], "exclude each other"),
        (["--target", "http://127.0.0.1:1", "--poisson"], "random times need a rate"),
        (["--target", "http://127.0.0.1:1", "--timeout", "5"], "--timeout: 5 has no unit; write 5s"),
        (["--target", "http://127.0.0.1:1", "--html", "/nowhere/x.html"], "cannot write /nowhere/x.html"),
        (["--config", "/nowhere/c.yaml"], "/nowhere/c.yaml"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(cassette, options, says, capsys):
    assert main(["perf", "replay", str(cassette), *options]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_is_no_cassette_is_wrong_use(tmp_path, capsys):
    (tmp_path / "x").write_bytes(b"\x01")
    assert main(["perf", "replay", str(tmp_path / "x"), "--target", "http://127.0.0.1:1"]) == 2
    assert main(["perf", "replay", str(tmp_path / "y"), "--target", "http://127.0.0.1:1"]) == 2
    said = capsys.readouterr().err
    assert "is no cassette" in said
    assert "no shipped cassette of that name; shipped are chat," in said


def test_ctrl_c_prints_and_writes_what_was_measured(cassette, tmp_path):
    report, html = tmp_path / "r.json", tmp_path / "r.html"
    asked = []
    some = threading.Event()

    def draw(random):
        asked.append(random)
        if len(asked) == 10:
            some.set()
        return 4.0

    with simulated(Behaviour(tokens=Distribution("4", None, draw))) as url:
        command = ["perf", "replay", str(cassette), "--target", url, "--rate", "40", "--repeat", "100"]
        command += ["--json", str(report), "--html", str(html)]
        process = subprocess.Popen([sys.executable, "-m", "sluicegate", *command], stdout=subprocess.PIPE, text=True)
        assert some.wait(20)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    figures = json.loads(report.read_text())
    assert figures["interrupted"]
    assert 8 <= figures["answers"] < 2000
    assert re.search(r"^interrupted; \d+ had no answer yet", said, re.MULTILINE)
    assert "Interrupted" in html.read_text()
