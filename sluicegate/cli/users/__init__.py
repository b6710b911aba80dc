"""`sluicegate users`: one file a verb, and only the verb that is asked for is imported."""

VERBS = {
    "create": "users.create",
    "list": "users.list_users",
    "show": "users.show",
    "update": "users.update",
    "delete": "users.delete",
}
"""Verbs and the modules that have them, below `sluicegate.cli`; the function is called as its module."""
OVERVIEW = "Give users limits and budgets of their own, for all of their keys together."
