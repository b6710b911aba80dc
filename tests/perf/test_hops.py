"""The measure of a hop's cost. Its limits are held by `make test`, which runs it by itself on a quiet machine."""

from dataclasses import replace

import pytest
import trio
import trio.testing

from sluicegate.perf import hops


def sides(judging, waiting):
    """What is measured where a hop costs so many checkpoints."""
    checkpoint, bare = 1e-6, 20e-6
    costs = (bare + hops.ADDED_HOPS * cost * checkpoint for cost in (judging, waiting))
    return hops.Sides(checkpoint, bare, *costs)


async def test_added_hops_cost_time():
    without = await hops.requests([])
    full = await hops.requests([hops.Pause() for _ in range(20)])
    assert full > without > 0


async def test_yardstick_is_a_time():
    assert 0 < await hops.checkpoints() < 0.01


async def test_pause_is_the_shortest_wait_there_is():
    with trio.testing.assert_checkpoints():
        await hops.Pause().attend(None)


def test_a_hop_costs_what_the_sides_differ_by():
    assert sides(2.0, 6.0).hops() == pytest.approx((2e-6, 6e-6))


@pytest.mark.parametrize(
    ("judging", "waiting", "code"), [(3.9, 7.9, 0), (4.1, 7.9, 1), (3.9, 8.1, 1)], ids=["under", "judging", "waiting"]
)
def test_a_hop_over_its_limit_fails(judging, waiting, code, capsys):
    assert hops.judge(lambda: sides(judging, waiting)) == code
    assert f"{judging:.2f} checkpoints, limit 4\n" in capsys.readouterr().out


def test_a_hop_within_its_limit_is_measured_once():
    measured = iter([sides(2.0, 6.0), sides(9.0, 6.0)])
    assert hops.judge(lambda: next(measured)) == 0
    assert len(list(measured)) == 1


def test_noise_on_one_side_is_measured_away():
    # Where it falls on the bare pipeline, a hop seems to cost nothing; elsewhere, too much.
    quiet = sides(2.0, 6.0)
    noisy = [replace(quiet, bare=40e-6), replace(quiet, waiting=99e-6), replace(quiet, judging=99e-6)]
    measured = iter(noisy)
    assert hops.judge(lambda: next(measured)) == 0
    assert len(list(measured)) == 1


def test_a_yardstick_that_was_too_long_is_measured_away():
    truth = sides(9.0, 6.0)
    measured = iter([sides(-1.0, 6.0), replace(truth, checkpoint=9e-6), truth])
    assert hops.judge(lambda: next(measured)) == 1


@pytest.mark.parametrize("noise", [sides(-1.0, 6.0), sides(2.0, 0.0)], ids=["judging", "waiting"])
def test_a_hop_that_costs_nothing_to_the_end_fails(noise):
    measured = iter([noise] * hops.TRIES)
    assert hops.judge(lambda: next(measured)) == 1
    assert list(measured) == []
