"""Workers know keys from memory, and hear of changes."""

from dataclasses import replace

import pytest
import trio

from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.identity.directory import EVERY, DatabaseDirectory
from sluicegate.adapters.identity.errors import DirectoryUnavailable, UnusableKeySecret
from sluicegate.adapters.identity.hashing import LENGTH, PREFIX, new_text
from sluicegate.adapters.identity.identities import Identities
from sluicegate.pipeline.caller import Allowance, Caller, Subject
from sluicegate.pipeline.directory import Directory
from sluicegate.pipeline.errors import GatewayError
from tests.secrets_of_tests import secret


@pytest.fixture
async def directory(identities) -> Directory:
    return DatabaseDirectory(identities)


async def test_a_key_is_its_caller_with_all_whom_it_counts_for(identities, directory):
    team = await identities.create("team", {"name": "blue", "limits": {"requests": "100/min"}})
    user = await identities.create("user", {"name": "Ann", "team": "blue", "limits": {"concurrency": 2}})
    issued = await identities.create_key(
        {
            "name": "ci",
            "user": "Ann",
            "role": "admin",
            "allowed_models": ["openai/*"],
            "allowed_operations": ["chat"],
            "metadata": {"a": 1},
        }
    )
    await directory.refresh()
    id = issued.key.id
    known = directory.find(issued.text)
    assert known.caller == Caller(
        tenant=id,
        key_name="ci",
        allowed_models=("openai/*",),
        allowed_operations=("chat",),
        role="admin",
        key_id=id,
        user=user.id,
        team=team.id,
        subjects=(
            Subject("key", id, "ci"),
            Subject("user", user.id, "Ann", Allowance(concurrency=2)),
            Subject("team", team.id, "blue", Allowance(requests=((100, 60.0),))),
        ),
        metadata={"a": 1},
    )
    assert directory.known(id) == known == replace(known, refused=None, expires=None)
    assert directory.subject("team", "blue") == directory.subject("team", team.id) == known.caller.subjects[2]
    assert directory.subject("user", "blue") is None


async def test_the_teams_of_key_and_user_may_differ_and_that_of_the_key_counts(identities, directory):
    await identities.create("team", {"name": "blue"})
    red = await identities.create("team", {"name": "red"})
    await identities.create("user", {"name": "Ann", "team": "blue"})
    issued = await identities.create_key({"name": "ci", "user": "Ann", "team": "red"})
    await directory.refresh()
    assert directory.find(issued.text).caller.team == red.id


async def test_before_it_has_read_the_database_it_asks_and_cannot_tell(identities, directory):
    issued = await identities.create_key({"name": "ci"})
    assert directory.asks
    with pytest.raises(DirectoryUnavailable):
        directory.find(issued.text)
    with pytest.raises(DirectoryUnavailable):
        directory.known(issued.key.id)
    assert directory.find("sk-of-another-kind") is None


async def test_without_keys_it_asks_nobody_and_once_it_had_one_it_asks_for_ever(identities, directory):
    await directory.refresh()
    assert not directory.asks
    issued = await identities.create_key({"name": "ci"})
    await directory.refresh()
    assert directory.asks
    await identities.delete("key", issued.key.id)
    await directory.refresh()
    assert directory.find(issued.text) is None
    assert directory.asks


async def test_each_change_comes_through(identities, directory, wall):
    issued = await identities.create_key({"name": "ci", "expires": "1h"})
    await directory.refresh()
    known = directory.find(issued.text)
    assert known.refused is None

    async def refused(change):
        await change
        await directory.refresh()
        return directory.find(issued.text).refused

    id = issued.key.id
    assert await refused(identities.change("key", id, {"enabled": False})) == "is disabled"
    assert await refused(identities.change("key", id, {"enabled": True, "name": "new"})) is None
    assert directory.find(issued.text).caller.key_name == "new"
    wall.now += 3600
    assert directory.find(issued.text).refused == "has expired"
    assert directory.known(id).refused == "has expired"
    assert await refused(identities.change("key", id, {"expires": None})) is None
    assert await refused(identities.revoke(id)) == "has been revoked"
    await identities.delete("key", id)
    await directory.refresh()
    assert directory.find(issued.text) is None
    assert directory.known(id) is None


async def test_both_texts_of_a_rotated_key_are_good_until_the_overlap_ends(identities, directory, wall):
    issued = await identities.create_key({"name": "ci"})
    again = await identities.rotate(issued.key.id, 60.0)
    await directory.refresh()
    wall.now += 59.9
    assert [directory.find(text).refused for text in (issued.text, again.text)] == [None, None]
    wall.now += 0.1
    told = "has been rotated, and the time of its old text is over"
    assert [directory.find(text).refused for text in (issued.text, again.text)] == [told, None]
    await identities.revoke(issued.key.id)
    await directory.refresh()
    assert {directory.find(text).refused for text in (issued.text, again.text)} == {"has been revoked"}


@pytest.mark.parametrize("kind", ["user", "team"])
async def test_who_is_disabled_has_no_good_keys(identities, directory, kind):
    made = await identities.create(kind, {"name": "Ann"})
    issued = await identities.create_key({"name": "ci", kind: "Ann"})
    other = await identities.create_key({"name": "other"})
    await directory.refresh()
    assert directory.find(issued.text).refused is None
    await identities.change(kind, made.id, {"enabled": False})
    await directory.refresh()
    assert directory.find(issued.text).refused == f"belongs to {kind} 'Ann', which is disabled"
    assert directory.find(other.text).refused is None


@pytest.mark.parametrize(
    "text",
    ["", PREFIX, PREFIX + "x" * 42, PREFIX + "x" * 44, PREFIX + "x" * 100_000, PREFIX + "ÿ" * 43, "SK-SG-" + "x" * 43],
)
async def test_what_is_no_key_is_nobodys(identities, directory, text):
    await identities.create_key({"name": "ci"})
    await directory.refresh()
    assert directory.find(text) is None
    assert directory.find(new_text()) is None


async def test_no_part_of_a_key_is_enough(identities, directory):
    issued = await identities.create_key({"name": "ci"})
    await directory.refresh()
    for at in (6, 10, LENGTH - 1):
        changed = issued.text[:at] + ("A" if issued.text[at] != "A" else "B") + issued.text[at + 1 :]
        assert directory.find(changed) is None
    for known in (issued.key.id, issued.key.digest, issued.key.shown, issued.text.upper(), issued.text + " "):
        assert directory.find(known) is None


async def test_others_hear_of_a_revocation_within_a_second(url, environ, identities):
    issued = await identities.create_key({"name": "ci"})
    database = open_database(url)
    theirs = DatabaseDirectory(Identities(database, environ))
    await theirs.refresh()
    assert theirs.find(issued.text).refused is None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(theirs.run)
        await identities.revoke(issued.key.id)
        with trio.fail_after(5):  # far more than it takes, on a machine with much else to do
            while theirs.find(issued.text).refused is None:  # noqa: ASYNC110  # it says to nobody that it has changed
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert EVERY <= 0.5
    await database.aclose()


async def test_many_changes_at_once_and_a_restored_copy_are_read_as_a_whole(tmp_path, environ, identities):
    directory = DatabaseDirectory(identities)
    for at in range(3):
        last = await identities.create_key({"name": f"key {at}"})
    await directory.refresh()
    assert directory.find(last.text) is not None
    # As if a copy from before the last key had been put in the place of the database.
    older = ["DELETE FROM sluicegate_identities WHERE version = 3", "UPDATE sluicegate_identity SET version = 2"]
    await identities.database.run(lambda connection: [connection.execute(sql) for sql in older])
    await directory.refresh()
    assert directory.find(last.text) is None


async def test_a_database_that_is_away_takes_no_key_away(tmp_path, environ, wall, caplog):
    path = tmp_path / "test.db"
    identities = Identities(open_database(f"sqlite:///{path}"), environ, wall=wall)
    await identities.prepare()
    directory = DatabaseDirectory(identities)
    issued = await identities.create_key({"name": "ci"})
    secret(issued.text)
    await directory.refresh()
    await identities.database.aclose()
    for file in tmp_path.glob("test.db*"):
        file.unlink()
    path.mkdir()
    with pytest.raises(GatewayError):
        await directory.refresh()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(directory.run)
        with trio.fail_after(10):
            while not caplog.records:  # noqa: ASYNC110  # nothing else tells of it
                await trio.sleep(0.01)
        await trio.sleep(3 * EVERY)
        nursery.cancel_scope.cancel()
    assert directory.find(issued.text).refused is None
    assert [record.getMessage()[:40] for record in caplog.records] == ["changes of API keys do not come through:"]
    assert issued.text not in caplog.text


async def test_keys_of_another_secret_are_not_known_and_that_is_told(identities, tmp_path):
    await identities.create_key({"name": "ci"})
    stranger = DatabaseDirectory(Identities(identities.database, {"SLUICEGATE_STATE_DIR": str(tmp_path / "other")}))
    with pytest.raises(UnusableKeySecret, match="were made with another secret than the one here"):
        await stranger.refresh()
    assert stranger.asks
    with pytest.raises(DirectoryUnavailable, match="were made with another secret"):
        stranger.find(new_text())
