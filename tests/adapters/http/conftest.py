import logging

import pytest

from tests.adapters.http.certified import Certified


@pytest.fixture(autouse=True)
def nothing_failed_unseen(caplog):
    """Whatever clients do, no task of the server may crash over it; what crashes is in the log."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def certified(tmp_path):
    """A certificate for this machine's own names, made on the spot."""
    return Certified(tmp_path)
