"""Opens the ledger that a configuration asks for."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sluicegate.adapters.http.admin_key import state_folder
from sluicegate.pipeline.config.database_settings import DatabaseSettings

from .database import open_database
from .ledger import DatabaseLedger
from .spool import Spool

FILE_NAME = "sluicegate.db"


def open_ledger(settings: DatabaseSettings, folder: Path | None = None) -> DatabaseLedger:
    """Return the ledger in a database, which is not yet connected to. Inside or outside of a running trio program.

    Args:
        folder: Where to keep what the database does not take; the state folder by default.

    Raises:
        BadDatabaseUrl: The settings name no database.
    """
    writer, reader = open_database(settings.url), open_database(settings.url)
    # What is meant for one database must not be found by a gateway that has another.
    name = hashlib.sha256(writer.shown.encode()).hexdigest()[:12]
    spool = Spool((folder or state_folder(os.environ)) / f"ledger-spool-{name}", most=settings.spool)
    return DatabaseLedger(
        writer, reader, spool, flush=settings.flush, queue=settings.queue, retention=settings.retention
    )


def usual_url() -> str:
    """Return the URL of the database that `sluicegate serve` has where none is configured: in the state folder."""
    return f"sqlite:///{state_folder(os.environ) / FILE_NAME}"
