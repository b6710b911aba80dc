"""How cassettes are named."""

import pytest

from sluicegate.perf.shelf import SHELF, NoCassette, find_cassette


def test_a_bare_name_is_a_shipped_one():
    assert find_cassette("chat") == SHELF / "chat.cassette.gz"
    assert find_cassette("chat").is_file()


def test_a_file_goes_before_a_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat").mkdir()
    assert find_cassette("chat").parent == SHELF
    (tmp_path / "chat").rmdir()
    (tmp_path / "chat").touch()
    assert find_cassette("chat").resolve() == tmp_path / "chat"


@pytest.mark.parametrize(("name", "told"), [("chta", "did you mean 'chat'"), ("/no/such.cassette", "shipped are chat")])
def test_what_is_neither_is_told(name, told):
    with pytest.raises(NoCassette, match=told):
        find_cassette(name)
