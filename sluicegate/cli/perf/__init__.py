"""`sluicegate perf`: one file a verb, as for the verbs above it."""

VERBS = {
    "diff": "perf.diff",
    "traces": "perf.traces",
}
"""Verbs and the modules that have them, below `sluicegate.cli`."""
OVERVIEW = "Measure a gateway, and try a configuration on recorded traffic."
