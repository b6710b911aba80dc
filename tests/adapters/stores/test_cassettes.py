"""The recorder: what is handed over stands in files, within all bounds, whoever dies or shares the folder."""

import logging
import os
import signal
import subprocess
import sys
import time

import pytest
import trio

from sluicegate.adapters.stores.cassette import read_cassette, take_bytes
from sluicegate.adapters.stores.cassettes import CassetteRecorder, Cassettes
from sluicegate.pipeline.take import Take

BOUNDS = {"max_file": 2**20, "max_files": 10, "max_queue": 2**20}


def recorder(folder, **settings):
    return CassetteRecorder(folder, **{**BOUNDS, "flush": 0.01, **settings})


def files(folder):
    return sorted(folder.iterdir(), key=lambda path: int(path.stem.rsplit("-", 1)[1]))


def models(folder):
    return [take.model for path in files(folder) for take in read_cassette(path)]


def take(model="demo", size=0):
    return Take(0.0, "chat", model=model, body=bytes(size))


def test_takes_are_written_in_their_order_into_a_file_of_ones_own(tmp_path):
    kept = recorder(tmp_path)
    for number in range(100):
        kept.take(take(str(number)), 1000.0)
    kept.close()
    assert models(tmp_path) == [str(number) for number in range(100)]
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.name.startswith(f"19700101-001640-{os.getpid()}-")


def test_arrivals_are_counted_from_the_first_take(tmp_path):
    kept = recorder(tmp_path)
    for arrived in (1000.0, 1002.5, 999.0):
        kept.take(take(), arrived)
    kept.close()
    (path,) = files(tmp_path)
    assert [one.arrival for one in read_cassette(path)] == [0.0, 2.5, -1.0]


def test_what_is_handed_over_is_in_the_file_soon_without_an_end(tmp_path):
    kept = recorder(tmp_path)
    kept.take(take("soon"), 0.0)
    until = time.monotonic() + 10
    while not (files(tmp_path) and models(tmp_path)) and time.monotonic() < until:
        time.sleep(0.01)
    assert models(tmp_path) == ["soon"]
    kept.close()


def test_a_full_cassette_is_followed_by_another_with_arrivals_of_its_own(tmp_path):
    kept = recorder(tmp_path, max_file=2000)
    for number in range(4):
        kept.take(take(str(number), size=1000), 50.0 + number)
    kept.close()
    found = [[(one.model, one.arrival) for one in read_cassette(path)] for path in files(tmp_path)]
    assert found == [[("0", 0.0), ("1", 1.0)], [("2", 0.0), ("3", 1.0)]]


def test_the_oldest_cassettes_go_and_other_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    kept = recorder(tmp_path, max_file=1, max_files=3)
    for number in range(12):
        kept.take(take(str(number)), 0.0)
    kept.close()
    (tmp_path / "notes.txt").unlink()
    assert models(tmp_path) == ["9", "10", "11"]


def test_several_with_one_folder_write_files_of_their_own(tmp_path):
    several = [recorder(tmp_path) for _ in range(3)]
    for number in range(30):
        several[number % 3].take(take(str(number)), 0.0)
    for kept in several:
        kept.close()
    assert [len(list(read_cassette(path))) for path in files(tmp_path)] == [10, 10, 10]
    assert sorted(map(int, models(tmp_path))) == list(range(30))


def test_what_finds_no_room_is_dropped_counted_and_logged_once_a_minute(tmp_path, caplog):
    now = [0.0]
    size = len(take_bytes(take(size=1000)))
    kept = recorder(tmp_path, max_queue=size - 1, clock=lambda: now[0])
    with caplog.at_level(logging.WARNING, "sluicegate.recording"):
        for _ in range(5):
            kept.take(take(size=1000), 0.0)
        assert [record.message for record in caplog.records] == [
            f"1 recorded exchanges were dropped: over {size - 1} bytes waited to be written, the limit"
        ]
        now[0] = 61.0
        kept.take(take(size=1000), 0.0)
        kept.take(take(size=1000), 0.0)
        assert caplog.records[-1].message.startswith("5 recorded exchanges were dropped")
        kept.close()
        assert caplog.records[-1].message.startswith("1 recorded exchanges were dropped")
    assert len(caplog.records) == 3
    assert kept.dropped == 7


def test_the_queue_has_room_again_when_it_is_written(tmp_path):
    kept = recorder(tmp_path, max_queue=3000)
    for number in range(50):
        kept.take(take(str(number), size=1000), 0.0)
        while kept._waiting:
            time.sleep(0.001)
    kept.close()
    assert (len(models(tmp_path)), kept.dropped) == (50, 0)


def test_a_file_that_somebody_removed_is_begun_again(tmp_path):
    kept = recorder(tmp_path)
    for name in ("lost", "kept"):
        kept.take(take(name), 0.0)
        while kept._waiting:
            time.sleep(0.001)
        if name == "lost":
            files(tmp_path)[0].unlink()
    kept.close()
    assert models(tmp_path) == ["kept"]


def test_what_cannot_be_written_is_counted_and_told(tmp_path, caplog):
    folder = tmp_path / "folder"
    kept = recorder(folder)
    folder.write_text("in the way")
    with caplog.at_level(logging.WARNING, "sluicegate.recording"):
        kept.take(take(), 0.0)
        kept.close()
    assert kept.dropped == 1
    (line,) = caplog.records
    assert line.message == f"1 recorded exchanges were dropped: {folder}: File exists"


FULL = """
import resource, sys, time
from pathlib import Path
from sluicegate.adapters.stores.cassette_file import CassetteFile, Reel
from sluicegate.adapters.stores.cassette import head_bytes, take_bytes
from sluicegate.pipeline.take import Take
file = CassetteFile(Path(sys.argv[1]), max_files=9)
reel = Reel(1, 0.0, head_bytes(created=0.0, by="a test"))
small, large = (take_bytes(Take(0.0, "chat", body=bytes(size))) for size in (100, 5000))
assert file.append(reel, [small])
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
assert not file.append(reel, [small, large])
assert "File too large" in file.problem, file.problem
assert file.append(reel, [small])
assert not file.problem
"""


def test_half_a_take_on_a_full_disk_is_cut_off_again(tmp_path):
    subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], check=True, timeout=60)
    assert len(models(tmp_path)) == 2


ENDLESS = """
import sys
from pathlib import Path
from sluicegate.adapters.stores.cassettes import CassetteRecorder
from sluicegate.pipeline.take import Take
kept = CassetteRecorder(Path(sys.argv[1]), max_file=100_000, max_files=1000, max_queue=2**20, flush=0.001)
number = 0
while True:
    if kept._waiting < 2**19:
        kept.take(Take(0.0, "chat", model=str(number), body=bytes(number % 5000)), 0.0)
        number += 1
        if number == 2000:
            print("going", flush=True)
"""


def test_all_whole_takes_of_a_process_that_was_killed_are_read(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ENDLESS, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"going\n"
        process.send_signal(signal.SIGKILL)
    found = models(tmp_path)
    assert len(found) > 1000
    assert found == [str(number) for number in range(len(found))]
    assert len(files(tmp_path)) > 1


async def test_the_gateways_end_writes_what_waits(tmp_path):
    cassettes = Cassettes()
    kept = cassettes.open(tmp_path / "a" / "b", **BOUNDS)
    kept.take(take("last"), 0.0)
    await cassettes.aclose()
    assert models(tmp_path / "a" / "b") == ["last"]
    kept.take(take("too late"), 0.0)
    assert kept.dropped == 1


async def test_an_end_without_time_still_lets_the_thread_write(tmp_path):
    cassettes = Cassettes()
    kept = cassettes.open(tmp_path, **BOUNDS)
    kept.take(take("last"), 0.0)
    with trio.move_on_after(0) as scope:
        await cassettes.aclose()
    assert scope.cancelled_caught
    await trio.to_thread.run_sync(kept.close)
    assert models(tmp_path) == ["last"]


def test_a_folder_that_cannot_be_is_refused_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="cannot make the folder"):
        Cassettes().open(tmp_path / "file", **BOUNDS)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
