"""The measure of the HTTP server. Its gate is held by `make test`, which runs it by itself on a quiet machine."""

from sluicegate.perf import edges


def test_both_edges_answer_the_load():
    figures = edges.measure(seconds=0.1, rounds=2)
    assert figures.keys() == {"stock", "ours"}
    assert all(len(rates) == 2 and min(rates) > 0 for rates in figures.values())
