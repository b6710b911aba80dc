"""Processes to measure: started, kept on their cores, looked at, ended."""

import os
import subprocess
import sys
import time

import pytest

from sluicegate.perf.added import measure_added
from sluicegate.perf.load.target import target_of
from sluicegate.perf.load.traffic import Failed, Traffic
from sluicegate.perf.processes import NotStarted, cores, gateway, healthy, simulator
from sluicegate.perf.simulate.behaviour import Behaviour
from sluicegate.perf.usage import Unknown, cpu_time, memory, tree
from tests.perf.simulated import simulated

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")
CONFIG = """
providers: {{ up: {{ type: openai, api_key: k, base_url: "{url}/v1" }} }}
models: {{ demo: {{ targets: [up/m] }} }}
"""


def child(code):
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_a_gateway_in_front_of_a_simulated_upstream_adds_latency(tmp_path):
    with simulated() as url:
        (tmp_path / "config.yaml").write_text(CONFIG.format(url=url))
        with gateway(tmp_path / "config.yaml") as running:
            traffic = Traffic(requests=60, connections=1)
            added = measure_added(target_of(url), target_of(running.url), traffic, rounds=3, warm=20)
            spent = cpu_time(running.pid) if sys.platform.startswith("linux") else 1.0
    assert set(added.added) == {50.0, 90.0, 99.0}
    assert 0 < added.added[50.0] < 0.1
    assert added.direct[50.0] < added.through[50.0]
    assert len(added.rounds) == 3
    assert spent > 0
    assert 0 < running.ready_after < 30
    assert running.process.returncode is not None


@linux
def test_a_simulator_stays_on_its_core_with_its_workers():
    core = cores()[-1]
    with simulator("--workers", "2", on=[core]) as running:
        pids = tree(running.pid)
        assert len(pids) == 2
        assert [os.sched_getaffinity(pid) for pid in pids] == [{core}, {core}]
        assert memory(running.pid) > memory(pids[1]) > 2**20
    assert running.process.returncode == 0
    with pytest.raises(Unknown):
        tree(running.pid)


@linux
def test_workers_end_with_a_simulator_that_is_killed():
    with simulator("--workers", "3") as running:
        pids = tree(running.pid)
        running.process.kill()
        running.process.wait()
        deadline = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{pid}/fd/0") for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(os.path.exists(f"/proc/{pid}/fd/0") for pid in pids)


def test_what_does_not_start_says_why(tmp_path):
    (tmp_path / "config.yaml").write_text("serverr: {}\n")
    with pytest.raises(NotStarted, match="serverr"), gateway(tmp_path / "config.yaml"):
        pass


def test_what_is_not_there_is_not_healthy():
    with pytest.raises(TimeoutError, match=r"was not healthy within 0\.02 s"):
        healthy("http://127.0.0.1:1", 0.02)


@linux
def test_cpu_time_counts_children_also_after_their_end():
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    with child(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print('.'); input()") as one:
        one.stdout.read(2)
        assert 0.3 <= cpu_time(one.pid) < 1.5
        one.kill()


@linux
def test_memory_is_what_a_process_has_touched():
    with child("held = bytes(range(256)) * 200_000; print('.'); input()") as one:
        one.stdout.read(2)
        assert 51_000_000 < memory(one.pid) < 90_000_000
        one.kill()


def test_figures_of_a_side_that_fails_are_not_given():
    with (
        simulated() as url,
        simulated(Behaviour(error_rate=1.0)) as failing,
        pytest.raises(Failed, match="20 of 20 requests failed \\(http_500 20\\)"),
    ):
        measure_added(target_of(url), target_of(failing), Traffic(requests=50), rounds=1, warm=20)
