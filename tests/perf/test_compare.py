"""Comparing two targets: the arithmetic, and a target with itself."""

import json
import math
import re
from random import Random

import pytest

from sluicegate.cli import main
from sluicegate.perf.compare import broken, ratios
from sluicegate.perf.distributions import always
from sluicegate.perf.ratios import Ratio, ratio
from sluicegate.perf.simulate.behaviour import Behaviour
from tests.perf.simulated import simulated


def test_noise_that_both_sides_share_is_no_part_of_a_ratio():
    random = Random(1)
    a = [100 * random.uniform(0.5, 2) for _ in range(5)]
    found = ratio(a, [1.2 * one for one in a])
    assert found.value == pytest.approx(1.2)
    assert found.low == pytest.approx(1.2)
    assert found.high == pytest.approx(1.2)


def test_an_interval_is_students_over_logarithms():
    found = ratio([1.0, 1.0, 1.0], [math.exp(-0.1), 1.0, math.exp(0.1)])
    assert found.value == pytest.approx(1.0)
    assert math.log(found.high) == pytest.approx(4.303 * 0.1 / math.sqrt(3))
    assert found.low == pytest.approx(1 / found.high)


def test_the_true_ratio_lies_in_the_interval_95_times_in_100():
    random = Random(2)
    hits = 0
    for _ in range(2000):
        found = ratio([1.0] * 5, [1.5 * math.exp(random.gauss(0, 0.1)) for _ in range(5)])
        hits += found.low <= 1.5 <= found.high
    assert hits / 2000 == pytest.approx(0.95, abs=0.015)


def test_one_round_has_no_interval():
    assert ratio([2.0], [3.0]) == Ratio(pytest.approx(1.5), pytest.approx(1.5), pytest.approx(1.5))


def test_many_rounds_have_a_narrow_interval():
    found = ratio([1.0] * 64, [math.exp(0.1 * (-1) ** n) for n in range(64)])
    assert math.log(found.high) == pytest.approx(1.96 * 0.1 / 8, rel=0.01)


@pytest.mark.parametrize("figures", [([], []), ([0.0], [1.0])])
def test_there_is_no_ratio_of_nothing(figures):
    with pytest.raises(ValueError, match="figures above zero"):
        ratio(*figures)


def test_what_one_side_does_not_have_is_not_compared():
    a, b = {"throughput": 10.0, "p50": 1.0, "cpu": 5.0}, {"throughput": 20.0, "p50": 0.5}
    assert ratios([a], [b]).keys() == {"throughput", "p50"}


def test_thresholds_are_for_their_own_figures():
    report = {"ratios": {name: {"value": value} for name, value in [("throughput", 0.8), ("p50", 1.3), ("cpu", 0.7)]}}
    assert broken(report, fail_below=0.75, fail_above=1.4) == []
    said = broken(report, fail_below=0.85, fail_above=1.2)
    assert said == [
        "throughput is 0.800 times that of A, at least 0.85 is wanted",
        "p50 is 1.300 times that of A, at most 1.2 is wanted",
    ]


QUICK = ("--rounds", "5", "--requests", "200", "--connections", "4")


def test_a_target_is_about_as_fast_as_itself(tmp_path, capsys):
    with simulated(Behaviour(first_token=always(0.002))) as url:
        file = tmp_path / "r.json"
        code = main(
            ["perf", "compare", url, url, *QUICK, "--json", str(file), "--fail-below", "0.5", "--fail-above", "9"]
        )
    assert code == 0
    report = json.loads(file.read_text())
    assert report["ratios"].keys() == {"throughput", "p50", "p99"}
    one = report["ratios"]["throughput"]
    assert one["low"] <= one["value"] <= one["high"]
    assert 0.5 < one["value"] < 2
    assert [len(report[side]["rounds"]) for side in "ab"] == [5, 5]
    assert re.search(r"throughput, requests/s +│", capsys.readouterr().out)


def test_a_slower_target_breaks_thresholds(capsys):
    with (
        simulated(Behaviour(first_token=always(0.002))) as fast,
        simulated(Behaviour(first_token=always(0.006))) as slow,
    ):
        assert main(["perf", "compare", fast, slow, *QUICK, "--fail-below", "0.9", "--fail-above", "2"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[3] for line in said] == ["throughput", "p50", "p99"]


def test_a_configuration_is_served_and_its_cpu_time_compared(tmp_path):
    config, file = tmp_path / "c.yaml", tmp_path / "r.json"
    config.write_text(
        "providers: { sim: { type: simulator, first_token: 0ms, tokens_per_second: 100000 } }\n"
        "models: { demo: { targets: [sim/m] } }\n"
    )
    options = ("--rounds", "2", "--requests", "150", "--json", str(file))
    assert main(["perf", "compare", str(config), str(config), *options]) == 0
    report = json.loads(file.read_text())
    assert 0.3 < report["ratios"]["cpu"]["value"] < 3
    assert 50 < report["a"]["rounds"][0]["cpu"] < 20_000


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--cores", "0"], "'0' is not GATEWAYS:LOAD"),
        (["--cores", "0:9999"], "there is no core 9999 here"),
        (["https://x.example"], "is no target"),
        (["nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_use_is_exit_code_2(options, says, capsys):
    sides = ["http://127.0.0.1:1", "http://127.0.0.1:1"] if options[0] == "--cores" else ["http://127.0.0.1:1"]
    assert main(["perf", "compare", *sides, *options]) == 2
    assert says in capsys.readouterr().err


def test_a_side_that_fails_has_no_figures(capsys):
    with simulated(Behaviour(error_rate=1.0)) as url:
        assert main(["perf", "compare", url, url, *QUICK]) == 1
    assert "200 of 200 requests failed (http_500 200)" in capsys.readouterr().err
