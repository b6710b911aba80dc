"""Which database a gateway has, if the configuration names none."""

from __future__ import annotations

from collections.abc import Mapping

from ..http.admin_key import state_folder

FILE_NAME = "sluicegate.db"


def database_url(configured: str, environ: Mapping[str, str]) -> str:
    """Return the URL that is configured, or that of a file of SQLite in the state folder."""
    return configured or f"sqlite:///{(state_folder(environ) / FILE_NAME).absolute()}"
