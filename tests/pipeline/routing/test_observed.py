import pytest

from sluicegate.pipeline.routing.observed import ENOUGH, HEALTH_MEMORY, MEMORY, Observed, PeakEwma, Seen

from .moments import target


def test_a_rise_counts_at_once_and_a_fall_slowly():
    average = PeakEwma()
    average.add(0.1, 0.0)
    average.add(2.0, 1.0)
    assert average.value == 2.0
    average.add(0.1, 2.0)
    assert average.value == pytest.approx(2.0 * 0.9048 + 0.1 * 0.0952, rel=1e-3)
    average.add(0.1, 2.0 + 10 * MEMORY)
    assert average.value == pytest.approx(0.1, rel=1e-3)


def test_waiting_times_of_the_other_kind_serve_where_there_are_none():
    seen = Seen()
    assert seen.waited(stream=True) is None
    seen.answer.add(3.0, 0.0)
    assert seen.waited(stream=True) == 3.0
    seen.first_token.add(0.2, 0.0)
    assert (seen.waited(stream=True), seen.waited(stream=False)) == (0.2, 3.0)


def test_few_calls_tell_nothing_of_health_and_old_ones_fade():
    seen = Seen()
    for _ in range(int(ENOUGH) - 1):
        seen.ended(well=False, now=0.0)
    assert seen.success(0.0) is None
    for _ in range(4):
        seen.ended(well=True, now=0.0)
    assert seen.success(0.0) == 0.5
    assert seen.success(HEALTH_MEMORY * 3) is None


def test_targets_that_are_not_called_for_long_are_forgotten():
    observed = Observed(limit=2)
    for name in ("a", "b", "a", "c"):
        observed.begun(target(name))
    assert observed.of(target("b")) is None
    assert (seen := observed.of(target("a"))) is not None
    assert seen.in_flight == 2
