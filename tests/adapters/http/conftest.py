import logging

import pytest


@pytest.fixture(autouse=True)
def nothing_failed_unseen(caplog):
    """Whatever clients do, no task of the server may crash over it; what crashes is in the log."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
