import pytest

from sluicegate.adapters.database.database import BadDatabaseUrl, open_database


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///ledger.db", "sqlite:///ledger.db"),
        ("sqlite:///below/ledger.db", "sqlite:///below/ledger.db"),
        ("sqlite:////var/lib/ledger.db", "sqlite:////var/lib/ledger.db"),
        (" sqlite:////var/lib/ledger.db\n", "sqlite:////var/lib/ledger.db"),
        ("postgresql://host/name", "postgresql://host/name"),
        ("postgres://user:secret@host:5433/name", "postgres://***@host:5433/name"),
        ("postgresql://host/name?user=me&password=secret", "postgresql://host/name?user=***&password=***"),
    ],
)
def test_a_url_names_a_database_and_shows_no_secret(url, shown):
    assert open_database(url).shown == shown


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "named by a URL"),
        ("ledger.db", "named by a URL"),
        ("sqlite://ledger.db", "three slashes"),
        ("sqlite:///", "path of a file"),
        ("sqlite:///:memory:", "memory is none"),
        ("sqlite:///folder/", "path of a file"),
        ("sqlite:///a.db?mode=ro", "without query"),
        ("mysql://me:secret@host/name", "no database mysql"),
        ("postgresql://me:secret@host:port/name", "libpq"),
        ("postgresql://me:secret@host/name?no=such", "libpq"),
        ("postgresql://me:secret@[host/name", "libpq"),
    ],
)
def test_another_url_is_refused_without_telling_its_secret(url, told):
    with pytest.raises(BadDatabaseUrl, match=told) as caught:
        open_database(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
