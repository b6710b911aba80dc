"""What counts as a change of the files that a configuration is in."""

import os
from contextlib import asynccontextmanager

import trio

from sluicegate.cli.watching import watch

SOON = 10
"""Seconds in which a change is noticed, for sure."""
NEVER = 1.0
"""Seconds after which no change will be noticed any more."""


class Changes:
    def __init__(self, *files):
        self.files = list(files)
        self.count = 0
        self.told = trio.Event()

    def tell(self):
        self.count += 1
        self.told.set()

    async def until_told(self):
        with trio.fail_after(SOON):
            await self.told.wait()
        self.told = trio.Event()


@asynccontextmanager
async def watched(*files):
    changes = Changes(*files)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, lambda: changes.files, changes.tell)
        await trio.sleep(0.5)  # until the system tells
        yield changes
        began = trio.current_time()
        nursery.cancel_scope.cancel()
    assert trio.current_time() - began < 1


async def test_a_file_that_is_written_or_replaced_is_told_once_and_the_same_content_is_not(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("one")
    async with watched(file) as changes:
        for number in range(5):
            file.write_text(f"piece {number}")
            await trio.sleep(0.02)
        await changes.until_told()
        (tmp_path / "new").write_text("three")
        (tmp_path / "new").rename(file)
        await changes.until_told()
        file.write_text("three")
        (tmp_path / "another").write_text("of no interest")
        await trio.sleep(NEVER)
        assert changes.count == 2


async def test_a_link_to_another_folder_is_a_change_as_kubernetes_makes_it(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(name)
    (tmp_path / "data").symlink_to("first")
    (tmp_path / "config.yaml").symlink_to("data/config.yaml")
    async with watched(tmp_path / "config.yaml") as changes:
        (tmp_path / "new").symlink_to("second")
        os.replace(tmp_path / "new", tmp_path / "data")
        await changes.until_told()


async def test_a_file_that_came_up_later_is_watched_too_and_its_coming_is_no_change(tmp_path):
    (tmp_path / "secrets").mkdir()
    file, secret = tmp_path / "config.yaml", tmp_path / "secrets" / "key"
    file.write_text("one")
    secret.write_text("a secret")
    async with watched(file) as changes:
        changes.files.append(secret)
        (tmp_path / "any").write_text("so that it looks")
        await trio.sleep(NEVER)
        assert changes.count == 0
        secret.write_text("another secret")
        await changes.until_told()


async def test_without_a_file_there_is_nothing_to_watch(caplog):
    changes = Changes()
    with trio.fail_after(1):
        await watch(list, changes.tell)
    assert caplog.messages == ["server.watch has no effect: the configuration came from no file"]


async def test_a_folder_that_is_gone_is_told_and_ends_nothing(tmp_path, caplog):
    with trio.move_on_after(0.5):
        await watch(lambda: [tmp_path / "gone" / "config.yaml"], Changes().tell)
    assert [message.startswith("changes of the configuration are not told") for message in caplog.messages] == [True]
