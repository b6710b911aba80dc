"""What the standard set measures: the pipeline that ships, with its policies on."""

import json
import re
import sys
from pathlib import Path

import pytest

from sluicegate.perf.bench.plain import measure_rate
from sluicegate.perf.bench.replayed import LONG, measure_traces, trace_table
from sluicegate.perf.bench.stand import MODEL, SIMULATOR, Stand, configuration, upstream
from sluicegate.perf.bench.workers import WORKERS
from sluicegate.perf.load.traffic import Traffic
from sluicegate.perf.processes import cores, pin
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.registry import Registry
from tests.perf.simulated import simulated

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")
SHIPPED = Path(__file__).resolve().parents[3] / "config.yaml"


@pytest.fixture
def stand():
    """A stand on these cores; whatever it does to this process is undone."""
    found = cores()
    yield Stand()
    pin(found)


def loaded(source):
    return load(source, {}, Registry())


def stages(source):
    return [name for name, _ in loaded(source).config.stages]


def test_the_pipeline_is_the_one_that_ships():
    assert stages(json.dumps(configuration(SIMULATOR))) == stages(SHIPPED)


def test_nothing_is_wrong_with_the_configurations():
    for provider, sections in [(SIMULATOR, WORKERS), (upstream("http://127.0.0.1:1"), LONG)]:
        found = loaded(json.dumps(configuration(provider, sections)))
        assert all(problem.code == "per-worker" for problem in found.problems), found.problems


def test_sections_are_laid_over_the_usual_ones():
    found = configuration(SIMULATOR, {"filter": {"max_input_length": 5}, "server": {"workers": 2}})
    assert found["filter"] == {**configuration(SIMULATOR)["filter"], "max_input_length": 5}
    assert found["server"] == {"workers": 2}


@linux
def test_a_gateway_is_measured_through_its_whole_pipeline(stand, tmp_path):
    log = tmp_path / "log"
    with simulated() as url, stand.serve(upstream(url), log=log) as served:
        found = measure_rate(served, Traffic(MODEL, 50, 4), rounds=2)
    assert found.rate > 0
    assert 0 < found.cpu < 0.1
    assert found.chunks == 0
    assert log.read_text().count('"event":"request"') == 150


@linux
def test_traces_are_replayed_with_their_errors(stand):
    (report,) = measure_traces(stand, ("embeddings",), speed=40.0)
    assert report["errors"] == {}
    row = trace_table([report]).splitlines()[-1]
    assert re.fullmatch(r"\| embeddings \| 200 \| [\d.]+ \| [\d.]+ \|  \| 0 \|", row), row
