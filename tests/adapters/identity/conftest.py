"""Keys in a database of each kind, with a clock that stands still until it is moved."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sluicegate.adapters.database.database import Database, open_database
from sluicegate.adapters.identity.identities import Identities

NOW = 1_800_000_000.0


class Wall:
    """Seconds since the epoch."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"SLUICEGATE_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres").new_database())
    return f"sqlite:///{tmp_path}/state/test.db"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = open_database(url)
    yield opened
    await opened.aclose()


@pytest.fixture
async def identities(database: Database, environ: dict[str, str], wall: Wall) -> Identities:
    made = Identities(database, environ, wall=wall)
    await made.prepare()
    return made
