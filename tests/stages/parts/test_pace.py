from sluicegate.stages.parts.pace import Pace


def test_a_window_that_is_full_begins_anew():
    pace = Pace(2.0, 10.0)
    assert pace.due(100.0) == 110.0
    pace.came(19, 9.0)
    assert pace.due(100.0) == 101.0
    pace.came(1, 0.5)
    assert pace.due(100.0) == 110.0


def test_what_comes_together_counts_as_it_is():
    pace = Pace(2.0, 10.0)
    pace.came(500, 9.9)
    pace.came(0, 9.9)
    assert round(pace.due(0.0), 9) == 0.1
