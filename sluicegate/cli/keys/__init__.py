"""`sluicegate keys`: one file a verb, and only the verb that is asked for is imported."""

VERBS = {
    "create": "keys.create",
    "list": "keys.list_keys",
    "show": "keys.show",
    "update": "keys.update",
    "rotate": "keys.rotate",
    "revoke": "keys.revoke",
    "delete": "keys.delete",
}
"""Verbs and the modules that have them, below `sluicegate.cli`; the function is called as its module."""
OVERVIEW = "Make and revoke API keys, also while the gateway runs: it takes them in within a second."
