"""SQLite: a file, shared by all processes of a host.

* Write-ahead logging: who reads never waits for who writes, nor the other way round. One writes at a time; others wait
  for their turn, BUSY seconds at most.
* ``synchronous = FULL``: a commit has reached the disk. So neither ``kill -9`` nor a loss of power takes back what was
  committed; NORMAL would give up the last commits before a loss of power. In batches it costs nothing to speak of.
* The file is its owner's alone (0600), and so are the two that SQLite keeps beside it.

https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .connection import Result, Value
from .errors import DatabaseConflict, DatabaseFailed, DatabaseUnavailable

BUSY = 5.0
"""Seconds to wait for another process that writes."""
_BROKEN = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
"""Primary result codes of what will not get better by waiting. https://www.sqlite.org/rescode.html"""


class SqliteDriver:
    """Opens a file, and makes it if need be.

    Args:
        path: Where it is; a relative one counts from the folder that the program runs in.
        busy: Seconds to wait for another process that writes.
    """

    def __init__(self, path: Path, *, busy: float = BUSY) -> None:
        self._path = path
        self._busy = busy

    @property
    def shown(self) -> str:
        """The file's URL."""
        return f"sqlite:///{self._path}"

    def open(self) -> SqliteSession:
        """Open the file. Raises DatabaseUnavailable or DatabaseFailed."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._path.exists():
                _create(self._path)
        except OSError as error:
            raise DatabaseUnavailable(f"cannot open {self._path}: {error.strerror}") from error
        with _told(self._path):
            raw = sqlite3.connect(
                self._path, timeout=self._busy, isolation_level=None, check_same_thread=False, cached_statements=256
            )
        try:
            return SqliteSession(self._path, raw)
        except BaseException:
            raw.close()
            raise


class SqliteSession:
    """One connection to a file.

    Args:
        path: The file.
        raw: The connection, in autocommit mode, for use by one thread at a time.
    """

    def __init__(self, path: Path, raw: sqlite3.Connection) -> None:
        self._path = path
        self._raw = raw
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self.execute(f"PRAGMA {pragma}")
        self._file = _identity(path)

    def execute(self, sql: str, params: Sequence[Value] = ()) -> Result:
        """Run one statement."""
        with _told(self._path):
            cursor = self._raw.execute(sql, params)
            return Result(cursor.fetchall(), max(cursor.rowcount, 0))

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run one statement for many rows."""
        with _told(self._path):
            return max(self._raw.executemany(sql, rows).rowcount, 0)

    def begin(self, *, write: bool) -> None:
        """Begin a transaction."""
        self.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def commit(self) -> None:
        """End it for good."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """End it as if it had never been. SQLite itself may have done so."""
        if self._raw.in_transaction:
            self.execute("ROLLBACK")

    def lock(self) -> None:
        """Do nothing: a transaction that writes has the file for itself."""

    def lost(self) -> bool:
        """Say whether the file is no more the one at its path: what is written to it would be found by nobody."""
        return _identity(self._path) != self._file

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._raw.close()


def _create(path: Path) -> None:
    """Make an empty file that is its owner's alone, if there is none.

    It gets its name only once it is closed. To close the file itself would take away the locks that other connections
    of this process have on it; then others would take themselves for its last users, and remove what is written ahead.
    https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as ours. Their messages name tables and columns, never values."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise DatabaseConflict(f"{path.name}: {error}") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        kind = DatabaseFailed if code in _BROKEN else DatabaseUnavailable
        raise kind(f"{path}: {error}") from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise DatabaseFailed(f"{path.name}: a value cannot be kept there") from error
