"""`sluicegate perf`: one file a verb, and only the verb that is asked for is imported."""

VERBS = {
    "simulate": "simulate",
    "replay": "replay",
    "compare": "compare",
}
"""Verbs and the modules that have them; the function is called as its module."""
OVERVIEW = "Measure a gateway: an upstream to put behind it, load from recorded traffic, comparisons."
