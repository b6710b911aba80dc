"""`sluicegate perf`: one file a verb, and only the verb that is asked for is imported."""

VERBS = {
    "simulate": "perf.simulate",
    "replay": "perf.replay",
    "compare": "perf.compare",
    "diff": "perf.diff",
    "traces": "perf.traces",
}
"""Verbs and the modules that have them, below `sluicegate.cli`; the function is called as its module."""
OVERVIEW = "Measure a gateway with recorded or made-up traffic, and try a configuration on it before it serves."
