"""Postgres, through psycopg's blocking connections. psycopg is an extra, and is imported only when it is needed.

A server that has gone is noticed: by a refused connection at once, by silence of its host within some 20 seconds. One
that is there and does not answer holds up its thread; whoever waits can stop waiting (see `Database.run`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sluicegate.pipeline.config.url_secrets import HIDDEN, masked_url, url_secrets

from .connection import Result, Value
from .errors import BadDatabaseUrl, DatabaseConflict, DatabaseFailed, DatabaseUnavailable

if TYPE_CHECKING:
    import psycopg

CONNECT = 5
"""Seconds to wait for a connection."""
STATEMENT = 30_000
"""Milliseconds after which the server gives up a statement."""
_DEFAULTS = {
    "connect_timeout": str(CONNECT),
    "application_name": "sluicegate",
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
_MIGRATING = 7_357_108_411
"""The number of the advisory lock under which tables are made; any that nobody else uses."""


class PostgresDriver:
    """Connects to one database of one server.

    Args:
        url: As libpq reads it. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS

    Raises:
        BadDatabaseUrl: psycopg is not installed, or the URL cannot be read.
    """

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            import psycopg.conninfo
        except ImportError as error:
            raise BadDatabaseUrl("postgresql:// needs psycopg: pip install 'sluicegate[postgres]'") from error
        self._shown = masked_url(url)
        self._secrets = sorted(url_secrets(url), key=len, reverse=True)
        try:
            self._parts: dict[str, Any] = {**_DEFAULTS, **psycopg.conninfo.conninfo_to_dict(url)}
            [int(port) for port in str(self._parts.get("port", "5432")).split(",")]
        except (psycopg.Error, ValueError):
            # What libpq says of a URL quotes parts of it.
            raise BadDatabaseUrl(f"{self._shown} is no URL that Postgres' libpq can read") from None

    @property
    def shown(self) -> str:
        """The database's URL, without its password."""
        return self._shown

    def open(self) -> PostgresSession:
        """Connect. Raises DatabaseUnavailable or DatabaseFailed."""
        import psycopg

        with _told(self._secrets):
            # Statements are not prepared: a pooler between us and the server may give each transaction another one.
            raw = psycopg.connect(**self._parts, autocommit=True, prepare_threshold=None)
        try:
            session = PostgresSession(raw, self._secrets)
            session.execute(f"SET statement_timeout = {STATEMENT}")
        except BaseException:
            raw.close()
            raise
        return session


class PostgresSession:
    """One connection to a server.

    Args:
        raw: The connection, in autocommit mode.
        secrets: What must not stand in any message.
    """

    def __init__(self, raw: psycopg.Connection[tuple[Any, ...]], secrets: Sequence[str]) -> None:
        self._raw = raw
        self._secrets = secrets

    def execute(self, sql: str, params: Sequence[Value] = ()) -> Result:
        """Run one statement."""
        with _told(self._secrets):
            cursor = self._raw.execute(_translated(sql), params)
            if cursor.description:
                return Result(cursor.fetchall(), 0)
            return Result([], max(cursor.rowcount, 0))

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run one statement for many rows, without waiting for one before the next is sent."""
        with _told(self._secrets), self._raw.cursor() as cursor:
            cursor.executemany(_translated(sql), rows)
            return max(cursor.rowcount, 0)

    def begin(self, *, write: bool) -> None:
        """Begin a transaction."""
        self.execute("BEGIN" if write else "BEGIN READ ONLY")

    def commit(self) -> None:
        """End it for good."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """End it as if it had never been."""
        self.execute("ROLLBACK")

    def lock(self) -> None:
        """Keep other processes from migrating until the transaction ends."""
        self.execute("SELECT pg_advisory_xact_lock(?)", (_MIGRATING,))

    def lost(self) -> bool:
        """Say whether the connection is known to be broken."""
        return self._raw.broken or self._raw.closed

    def close(self) -> None:
        """Close the connection."""
        import psycopg

        with suppress(psycopg.Error):
            self._raw.close()


@lru_cache(maxsize=512)
def _translated(sql: str) -> bytes:
    """Return a statement with ``%s`` for each ``?`` outside of quotes, as psycopg wants it."""
    parts = sql.replace("%", "%%").split("'")
    parts[::2] = [part.replace("?", "%s") for part in parts[::2]]
    return "'".join(parts).encode()


@contextmanager
def _told(secrets: Sequence[str]) -> Iterator[None]:
    """Raise psycopg's errors as ours, without the originals: behind their first lines they quote values."""
    import psycopg

    try:
        yield
    except psycopg.IntegrityError as error:
        raise DatabaseConflict(f"postgres: {_words(error, secrets)}") from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailable(f"postgres: {_words(error, secrets)}") from None
    except psycopg.Error as error:
        raise DatabaseFailed(f"postgres: {_words(error, secrets)}") from None
    except (OverflowError, UnicodeEncodeError):
        raise DatabaseFailed("postgres: a value cannot be kept there") from None


def _words(error: Exception, secrets: Sequence[str]) -> str:
    text = str(error).partition("\n")[0]
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text or type(error).__name__
