"""Keys, users and teams are made, listed, changed, rotated, revoked and deleted; over both databases."""

import sqlite3

import pytest
import trio

from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.identity import shelf
from sluicegate.adapters.identity.errors import Conflict, UnusableKeySecret
from sluicegate.adapters.identity.hashing import KeySecret
from sluicegate.adapters.identity.identities import Identities
from sluicegate.adapters.identity.records import encode
from sluicegate.pipeline.caller import Allowance
from sluicegate.pipeline.errors import InvalidRequest, NotFound
from tests.adapters.identity.conftest import NOW

EVIL = "x'); DROP TABLE sluicegate_identities; --"


async def test_a_key_is_kept_without_its_text(identities):
    issued = await identities.create_key({"name": "ci", "limits": {"requests": "60/min"}})
    kept = await identities.get("key", issued.key.id)
    assert kept == issued.key
    assert kept.allowance == Allowance(requests=((60, 60.0),))
    assert (kept.created, kept.changed, kept.rotated, kept.revoked) == (NOW, NOW, None, None)
    assert issued.text.startswith(kept.shown[:-1])
    assert issued.text not in encode(kept) + repr(kept) + repr(issued) + str(issued)


async def test_the_text_of_a_key_stands_nowhere_on_the_disk(tmp_path, environ):
    database = open_database(f"sqlite:///{tmp_path}/state/test.db")
    identities = Identities(database, environ)
    await identities.prepare()
    issued = await identities.create_key({"name": "ci"})
    again = await identities.rotate(issued.key.id, 60.0)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name.startswith("test.db") for path in files)
    for path in files:
        assert issued.text.encode() not in path.read_bytes(), path
        assert again.text.encode() not in path.read_bytes(), path
    await database.aclose()


async def test_names_are_taken_once_of_each_kind(identities):
    await identities.create_key({"name": "ci"})
    await identities.create("team", {"name": "ci"})
    with pytest.raises(Conflict, match=r"^there is a key with the name 'ci' already$") as refusal:
        await identities.create_key({"name": "ci"})
    assert (refusal.value.status, refusal.value.param) == (409, "name")
    other = await identities.create_key({"name": "other"})
    with pytest.raises(Conflict):
        await identities.change("key", other.key.id, {"name": "ci"})
    await identities.change("key", other.key.id, {"name": "other"})


async def test_a_deleted_name_is_free_again(identities):
    first = await identities.create_key({"name": "ci"})
    await identities.delete("key", first.key.id)
    second = await identities.create_key({"name": "ci"})
    await identities.delete("key", second.key.id)
    await identities.create_key({"name": "ci"})
    for gone in (first, second):
        with pytest.raises(NotFound):
            await identities.get("key", gone.key.id)


async def test_users_and_teams_are_named_by_id_or_name_and_must_be_there(identities):
    team = await identities.create("team", {"name": "blue"})
    user = await identities.create("user", {"name": "Ann", "team": "blue"})
    assert user.team == team.id
    issued = await identities.create_key({"name": "ci", "user": user.id, "team": team.id})
    assert (issued.key.user, issued.key.team) == (user.id, team.id)
    for field in ("user", "team"):
        with pytest.raises(InvalidRequest, match=rf"^{field}: there is no {field} 'nobody'$") as refusal:
            await identities.create_key({"name": "another", field: "nobody"})
        assert refusal.value.param == field


async def test_who_has_members_is_not_deleted(identities):
    await identities.create("team", {"name": "blue"})
    user = await identities.create("user", {"name": "Ann", "team": "blue"})
    issued = await identities.create_key({"name": "ci", "user": "Ann", "team": "blue"})
    with pytest.raises(Conflict, match=r"^team 'blue' still has 1 key and 1 user: delete them first, or disable"):
        await identities.delete("team", "blue", by_name=True)
    with pytest.raises(Conflict, match=r"^user 'Ann' still has 1 key:"):
        await identities.delete("user", user.id)
    await identities.delete("key", issued.key.id)
    await identities.delete("user", user.id)
    await identities.delete("team", "blue", by_name=True)


async def test_pages_follow_each_other_in_the_order_of_making(identities):
    await identities.create("team", {"name": "blue"})
    made = [
        (await identities.create_key({"name": f"key {at}", **({"team": "blue"} if at % 2 else {})})).key
        for at in range(5)
    ]
    found, after = [], ""
    while True:
        page = await identities.page("key", after=after, limit=2)
        found += page.records
        if not page.more:
            break
        after = page.records[-1].id
    assert found == made
    of_team = await identities.page("key", team=made[1].team)
    assert [key.name for key in of_team.records] == ["key 1", "key 3"]
    assert [key.name for key in (await identities.page("key", name="key 2")).records] == ["key 2"]
    with pytest.raises(InvalidRequest, match="there is no key 'key_none'"):
        await identities.page("key", after="key_none")


async def test_a_change_leaves_the_rest(identities, wall):
    issued = await identities.create_key({"name": "ci", "owner": "Ann", "limits": {"concurrency": 2}})
    wall.now += 5
    changed = await identities.change("key", issued.key.id, {"enabled": False, "budgets": {"day": "$1"}})
    assert (changed.owner, changed.enabled, changed.changed) == ("Ann", False, NOW + 5)
    assert changed.allowance.concurrency == 2
    assert changed.allowance.budgets[0].amount == 1_000_000_000
    assert changed.digest == issued.key.digest
    assert await identities.get("key", issued.key.id) == changed


async def test_a_rotated_key_keeps_what_it_may_and_its_old_texts_for_a_while(identities, wall):
    issued = await identities.create_key({"name": "ci", "owner": "Ann"})
    again = await identities.rotate(issued.key.id, 60.0)
    assert again.text != issued.text
    assert (again.key.id, again.key.owner, again.key.rotated) == (issued.key.id, "Ann", NOW)
    assert [(one.digest, one.until) for one in again.key.previous] == [(issued.key.digest, NOW + 60)]
    wall.now += 61
    third = await identities.rotate(issued.key.id, 0.0)
    assert [one.digest for one in third.key.previous] == [again.key.digest]
    for _ in range(6):
        last = await identities.rotate(issued.key.id, 3600.0)
    assert len(last.key.previous) == 4


async def test_a_revoked_key_is_revoked_for_good(identities, wall):
    issued = await identities.create_key({"name": "ci"})
    revoked = await identities.revoke(issued.key.id)
    assert revoked.revoked == NOW
    wall.now += 5
    assert await identities.revoke(issued.key.id) == revoked
    with pytest.raises(Conflict, match="for good"):
        await identities.change("key", issued.key.id, {"enabled": True})
    with pytest.raises(Conflict, match="for good"):
        await identities.rotate(issued.key.id, 60.0)


@pytest.mark.parametrize("kind", ["key", "user", "team"])
async def test_who_is_not_there_is_not_found(identities, kind):
    for wanted in ("key_0", "", EVIL, "../key_0", "ключ"):
        for verb in (identities.get, identities.delete):
            with pytest.raises(NotFound):
                await verb(kind, wanted, by_name=True)
        with pytest.raises(NotFound):
            await identities.change(kind, wanted, {"enabled": True}, by_name=True)


async def test_sql_in_any_text_is_text(identities):
    await identities.create("team", {"name": EVIL})
    await identities.create("user", {"name": EVIL, "team": EVIL, "metadata": {EVIL: EVIL}})
    issued = await identities.create_key(
        {"name": EVIL, "owner": EVIL, "user": EVIL, "team": EVIL, "allowed_models": [EVIL], "metadata": {EVIL: [EVIL]}}
    )
    for kind in ("team", "user", "key"):
        assert (await identities.get(kind, EVIL, by_name=True)).name == EVIL
        assert len((await identities.page(kind, name=EVIL)).records) == 1
    assert len((await identities.page("key", team=EVIL, user=EVIL)).records) == 1
    with pytest.raises(InvalidRequest, match="there is no user"):
        await identities.page("key", user=EVIL + "x")
    assert (await identities.change("key", issued.key.id, {"name": "100% ? :a $1"})).name == "100% ? :a $1"


async def test_many_that_make_the_same_name_at_once_make_it_once(url, environ, identities):
    made, refused = [], []
    databases = [open_database(url) for _ in range(4)]

    async def make(database):
        for _ in range(3):
            try:
                made.append(await Identities(database, environ).create_key({"name": "ci"}))
            except Conflict as error:
                refused.append(error)

    async with trio.open_nursery() as nursery:
        for database in databases:
            nursery.start_soon(make, database)
    assert (len(made), len(refused)) == (1, 11)
    state = await identities.database.read(shelf.state)
    assert (state.version, state.rows, state.bytes) == (1, 1, len(encode(made[0].key)))
    for database in databases:
        await database.aclose()


async def test_what_all_take_is_counted_through_changes_and_deletions(identities):
    team = await identities.create("team", {"name": "blue"})
    issued = await identities.create_key({"name": "ci", "team": "blue"})
    await identities.change("team", team.id, {"metadata": {"a": "b" * 100}})
    rotated = await identities.rotate(issued.key.id, 60.0)
    state = await identities.database.read(shelf.state)
    kept = [await identities.get("team", team.id), rotated.key]
    assert (state.rows, state.bytes) == (2, sum(len(encode(one)) for one in kept))
    await identities.delete("key", issued.key.id)
    await identities.delete("team", team.id)
    state = await identities.database.read(shelf.state)
    assert (state.rows, state.bytes, state.secret) == (0, 0, "")


async def test_more_than_a_gateway_can_hold_is_refused(identities):
    fill = "UPDATE sluicegate_identity SET rows = ?"
    await identities.database.run(lambda connection: connection.execute(fill, (shelf.MAX_ROWS,)))
    with pytest.raises(Conflict, match="there are 200,000 keys, users and teams already"):
        await identities.create_key({"name": "ci"})


async def test_another_secret_makes_no_key(identities, tmp_path):
    await identities.create_key({"name": "ci"})
    for other in (
        {"SLUICEGATE_STATE_DIR": str(tmp_path / "elsewhere")},
        {"SLUICEGATE_KEY_SECRET": "another-secret-of-32-characters!"},
    ):
        stranger = Identities(identities.database, other)
        with pytest.raises(UnusableKeySecret, match="set SLUICEGATE_KEY_SECRET to the same value") as refusal:
            await stranger.create_key({"name": "other"})
        assert "another-secret" not in str(refusal.value)
    assert not (tmp_path / "elsewhere").exists()
    await identities.delete("key", "ci", by_name=True)
    issued = await stranger.create_key({"name": "other"})  # where there is no key any more, a new secret may begin
    assert issued.key.digest == KeySecret("another-secret-of-32-characters!").digest(issued.text).hex()


async def test_old_deletions_leave_no_row(tmp_path, environ, wall):
    path = tmp_path / "test.db"
    identities = Identities(open_database(f"sqlite:///{path}"), environ, wall=wall)
    await identities.prepare()
    first = (await identities.create_key({"name": "first"})).key
    second = (await identities.create_key({"name": "second"})).key
    await identities.delete("key", first.id)
    wall.now += shelf.LINGER + 1
    await identities.delete("key", second.id)
    await identities.database.aclose()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT id, document FROM sluicegate_identities").fetchall() == [(second.id, "")]
    raw.close()
