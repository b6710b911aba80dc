"""`sluicegate providers`: one file a verb, and only the verb that is asked for is imported."""

VERBS = {"check": "providers.check", "matrix": "providers.matrix"}
"""Verbs and the modules that have them, below `sluicegate.cli`; the function is called as its module."""
OVERVIEW = "Look after the providers of a configuration."
