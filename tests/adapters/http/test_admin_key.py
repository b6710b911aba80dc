import base64
import stat

import pytest

from sluicegate.adapters.http.admin_key import AdminKey, UnusableAdminKey, load_admin_key, state_folder

KEY = AdminKey("correct-horse-battery")


def basic(user, password):
    return (b"authorization", b"Basic " + base64.b64encode(f"{user}:{password}".encode()))


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer correct-horse-battery"),
        (b"x-api-key", b"correct-horse-battery"),
        basic("anyone", "correct-horse-battery"),
        basic("", "correct-horse-battery"),
    ],
)
def test_the_key_opens_in_each_place(header):
    assert KEY.opens([header])


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer correct-horse"),
        (b"authorization", b"Bearer "),
        (b"authorization", b"correct-horse-battery"),
        (b"x-api-key", b""),
        (b"x-api-key", "é".encode()),
        (b"api-key", b"correct-horse-battery"),
        (b"authorization", b"Basic !!!"),
        (b"authorization", b"Basic " + base64.b64encode(b"\xff\xfe:x")),
        basic("correct-horse-battery", ""),
        (b"accept", b"*/*"),
    ],
)
def test_anything_else_does_not_open(header):
    assert not KEY.opens([header])


def test_what_a_browser_adds_by_itself_opens_only_what_is_read():
    assert KEY.opens([basic("a", "correct-horse-battery")], "HEAD")
    assert not KEY.opens([basic("a", "correct-horse-battery")], "POST")
    assert KEY.opens([(b"x-api-key", b"correct-horse-battery")], "POST")


def test_the_key_does_not_show_in_a_repr():
    assert "horse" not in repr(KEY)


def test_the_environment_comes_first(tmp_path):
    key = load_admin_key({"SLUICEGATE_ADMIN_KEY": "0123456789abcdef", "SLUICEGATE_STATE_DIR": str(tmp_path)})
    assert key == AdminKey("0123456789abcdef")
    assert not list(tmp_path.iterdir())


def test_a_key_that_could_be_guessed_is_refused():
    with pytest.raises(UnusableAdminKey, match="at least 16"):
        load_admin_key({"SLUICEGATE_ADMIN_KEY": "admin"})


def test_a_key_is_made_once_for_its_owner_only_and_kept(tmp_path):
    environ = {"SLUICEGATE_STATE_DIR": str(tmp_path / "state")}
    first, second = load_admin_key(environ), load_admin_key(environ)
    path = tmp_path / "state" / "admin-key"
    assert (first.kept_in, first.made) == (path, True)
    assert second == AdminKey(first.value, kept_in=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    assert len(first.value) > 32


def test_a_file_that_others_can_read_is_closed_to_them_and_told(tmp_path):
    environ = {"SLUICEGATE_STATE_DIR": str(tmp_path)}
    load_admin_key(environ)
    path = tmp_path / "admin-key"
    path.chmod(0o644)
    assert load_admin_key(environ).exposed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not load_admin_key(environ).exposed


def test_an_empty_file_is_replaced(tmp_path):
    (tmp_path / "admin-key").write_text("\n")
    key = load_admin_key({"SLUICEGATE_STATE_DIR": str(tmp_path)})
    assert (tmp_path / "admin-key").read_text() == key.value + "\n"


def test_a_folder_that_cannot_be_had_is_told_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableAdminKey, match="set SLUICEGATE_ADMIN_KEY"):
        load_admin_key({"SLUICEGATE_STATE_DIR": str(tmp_path / "file")})


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"SLUICEGATE_STATE_DIR": "/a", "XDG_STATE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_STATE_HOME": "/b", "HOME": "/c"}, "/b/sluicegate"),
        ({"HOME": "/c"}, "/c/.local/state/sluicegate"),
    ],
)
def test_state_stands_where_the_environment_says(environ, folder):
    assert str(state_folder(environ)) == folder
