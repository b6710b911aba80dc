"""`sluicegate teams`: one file a verb, and only the verb that is asked for is imported."""

VERBS = {
    "create": "teams.create",
    "list": "teams.list_teams",
    "show": "teams.show",
    "update": "teams.update",
    "delete": "teams.delete",
}
"""Verbs and the modules that have them, below `sluicegate.cli`; the function is called as its module."""
OVERVIEW = "Give teams limits and budgets of their own, for all of their keys together."
