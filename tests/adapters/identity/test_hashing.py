"""Digests of keys, and the secret that they are keyed with."""

import ast
import inspect
import os
import re

import pytest

from sluicegate.adapters.identity import hashing, roster
from sluicegate.adapters.identity.errors import UnusableKeySecret
from sluicegate.adapters.identity.hashing import LENGTH, KeySecret, load_secret, new_text, shown
from tests.secrets_of_tests import secret

SECRET = secret("a-secret-of-at-least-32-characters")


def test_a_key_is_long_random_and_fit_for_every_header_and_shell():
    texts = {new_text() for _ in range(1000)}
    assert len(texts) == 1000
    assert all(re.fullmatch(r"sk-sg-[A-Za-z0-9_-]{43}", text) and len(text) == LENGTH for text in texts)


def test_little_of_a_key_is_shown():
    assert shown("sk-sg-0123456789") == "sk-sg-0123…"


def test_a_digest_is_that_of_its_secret_and_its_key():
    one, two = KeySecret(SECRET), KeySecret(SECRET + "!")
    assert one.digest("k") == KeySecret(SECRET).digest("k") != one.digest("l")
    assert one.digest("k") != two.digest("k")
    assert one.made(KeySecret(SECRET).check)
    assert not one.made(two.check)


@pytest.mark.parametrize("text", ["", "\ud800", "ÿ" * 100_000, "\x00"])
def test_whatever_a_client_sends_has_a_digest(text):
    assert len(KeySecret(SECRET).digest(text)) == 32


def test_a_secret_is_not_shown():
    assert SECRET not in repr(KeySecret(SECRET)) + str(KeySecret(SECRET))
    assert SECRET not in repr(vars(KeySecret(SECRET)))


def test_the_secret_comes_from_the_environment_first(tmp_path):
    environ = {"SLUICEGATE_KEY_SECRET": SECRET, "SLUICEGATE_STATE_DIR": str(tmp_path)}
    found = load_secret(environ, make=True)
    assert found is not None
    assert found.made(KeySecret(SECRET).check)
    assert list(tmp_path.iterdir()) == []


def test_a_short_secret_is_refused_and_not_shown():
    with pytest.raises(UnusableKeySecret, match=r"has 5 characters; it needs at least 32$") as refusal:
        load_secret({"SLUICEGATE_KEY_SECRET": "short"})
    assert "short" not in str(refusal.value)


def test_the_secret_is_made_once_and_kept_for_its_owner_alone(tmp_path):
    environ = {"SLUICEGATE_STATE_DIR": str(tmp_path / "state")}
    assert load_secret(environ) is None
    assert not (tmp_path / "state").exists()
    made, again = load_secret(environ, make=True), load_secret(environ)
    assert made is not None
    assert again is not None
    assert made.check == again.check
    assert (tmp_path / "state" / "key-secret").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(UnusableKeySecret, match="set SLUICEGATE_KEY_SECRET"):
        load_secret({"SLUICEGATE_STATE_DIR": str(tmp_path / "state")}, make=True)


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    environ = {"SLUICEGATE_STATE_DIR": str(tmp_path)}
    load_secret(environ, make=True)
    os.chmod(tmp_path / "key-secret", 0o644)
    assert load_secret(environ) is not None
    assert (tmp_path / "key-secret").stat().st_mode & 0o777 == 0o600


def test_secrets_and_digests_are_compared_in_constant_time_alone():
    """What a comparison takes is not measured but read: none of digests or secrets is one with ``==``."""
    for module in (hashing, roster):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                assert not re.search("digest|check|secret|credential", ast.unparse(node)), ast.unparse(node)
    assert "hmac.compare_digest" in inspect.getsource(roster.Roster.find)
    assert "hmac.compare_digest" in inspect.getsource(KeySecret.made)
