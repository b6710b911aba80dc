"""`sluicegate ledger`: one file a verb, and only the verb that is asked for is imported."""

VERBS = {
    "query": "ledger.query",
    "summary": "ledger.summary",
    "export": "ledger.export",
    "reprice": "ledger.reprice",
    "prune": "ledger.prune",
}
"""Verbs and the modules that have them, below `sluicegate.cli`; the function is called as its module."""
OVERVIEW = "Look into the ledger: what was asked, by whom, and what it cost."
