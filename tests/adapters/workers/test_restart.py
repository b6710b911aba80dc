"""How long a place stays empty after its worker has ended."""

from sluicegate.adapters.workers.restart import Backoff


def test_pauses_double_up_to_the_longest():
    backoff = Backoff(first=0.1, most=1.0)
    assert [backoff.pause(0.0) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_worker_that_lived_for_a_while_begins_them_anew():
    backoff = Backoff(first=0.1, most=10.0, steady=5.0)
    assert [backoff.pause(lived) for lived in (0.0, 4.9, 5.0, 0.0)] == [0.1, 0.2, 0.1, 0.2]
