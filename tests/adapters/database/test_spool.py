import logging
import multiprocessing
import os
import signal
import stat

import pytest

from sluicegate.adapters.database.spool import FRAME, Spool
from sluicegate.pipeline.ledger import Row

PLENTY = 10_000_000


def rows(*numbers):
    return [Row(exchange=f"e{number}", attempt=1, at=float(number), tags=("a", "b")) for number in numbers]


def drained(spool):
    found = []
    while (some := spool.peek()) is not None:
        found += some
        spool.advance()
    return found


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state" / "spool"


def test_what_is_kept_comes_back_in_order_and_then_there_is_no_file(folder):
    spool = Spool(folder, most=PLENTY)
    assert spool.append(rows(1, 2))
    assert spool.append(rows(3))
    assert drained(spool) == rows(1, 2, 3)
    assert spool.peek() is None
    assert list(folder.iterdir()) == []


def test_the_file_is_its_owners_alone(folder):
    spool = Spool(folder, most=PLENTY)
    spool.append(rows(1))
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    spool.close()


def test_what_was_not_written_comes_again(folder):
    spool = Spool(folder, most=PLENTY)
    spool.append(rows(1))
    spool.append(rows(2))
    assert spool.peek() == rows(1)
    assert spool.peek() == rows(1)
    spool.advance()
    assert spool.peek() == rows(2)
    spool.append(rows(3))
    assert drained(spool) == rows(2, 3)


def test_many_rows_come_in_parts(folder):
    spool = Spool(folder, most=PLENTY)
    spool.append(rows(*range(FRAME + 1)))
    assert len(spool.peek()) == FRAME
    assert drained(spool) == rows(*range(FRAME + 1))


def test_rows_that_find_no_room_are_refused_and_the_others_stay(folder):
    spool = Spool(folder, most=2000)
    assert spool.append(rows(1))
    assert not spool.append(rows(*range(2, 50)))
    assert "2000 bytes" in spool.problem
    assert spool.append(rows(50))
    assert spool.problem == ""
    assert drained(spool) == rows(1, 50)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").touch()
    spool = Spool(tmp_path / "file" / "spool", most=PLENTY)
    assert not spool.append(rows(1))
    assert "Not a directory" in spool.problem
    assert spool.peek() is None


def test_what_an_ended_process_left_is_replayed_by_the_next(folder):
    first = Spool(folder, most=PLENTY)
    first.append(rows(1, 2))
    first.close()
    assert drained(Spool(folder, most=PLENTY)) == rows(1, 2)


def test_what_a_living_process_has_is_left_to_it(folder):
    first, second = Spool(folder, most=PLENTY), Spool(folder, most=PLENTY)
    first.append(rows(1))
    assert second.peek() is None
    second.append(rows(2))
    assert drained(second) == rows(2)
    assert drained(first) == rows(1)


def test_a_file_that_was_left_is_gone_on_with_so_that_starts_do_not_pile_up_files(folder):
    for number in range(5):
        spool = Spool(folder, most=PLENTY)
        spool.append(rows(number))
        spool.close()
    assert len(list(folder.iterdir())) == 1
    assert drained(Spool(folder, most=PLENTY)) == rows(*range(5))


def test_what_was_half_replayed_is_replayed_whole_by_the_next(folder):
    first = Spool(folder, most=PLENTY)
    first.append(rows(1))
    first.append(rows(2))
    first.peek()
    first.advance()
    first.close()
    assert drained(Spool(folder, most=PLENTY)) == rows(1, 2)


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_torn_end_is_left_out_and_what_comes_behind_it_is_found(folder, cut, caplog):
    first = Spool(folder, most=PLENTY)
    first.append(rows(1))
    first.append(rows(2))
    first.close()
    (path,) = folder.iterdir()
    os.truncate(path, path.stat().st_size - cut)
    second = Spool(folder, most=PLENTY)
    second.append(rows(3))
    assert drained(second) == rows(1, 3)
    assert "incomplete" in caplog.text


def test_a_damaged_file_is_kept_for_a_person(folder, caplog):
    first = Spool(folder, most=PLENTY)
    first.append(rows(1))
    first.append(rows(2))
    first.close()
    (path,) = folder.iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 + 20] ^= 1
    path.write_bytes(data)
    assert drained(Spool(folder, most=PLENTY)) == rows(1)
    assert [kept.suffix for kept in folder.iterdir()] == [".damaged"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def _append_until_killed(folder, told):
    spool = Spool(folder, most=PLENTY)
    for number in range(1_000_000):
        spool.append(rows(number))
        told.send(number)


def test_what_was_acknowledged_survives_kill_9(folder):
    context = multiprocessing.get_context("spawn")
    read, write = context.Pipe(duplex=False)
    process = context.Process(target=_append_until_killed, args=(folder, write))
    process.start()
    acknowledged = [read.recv() for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    write.close()
    while read.poll():
        try:
            acknowledged.append(read.recv())
        except EOFError:
            break
    found = drained(Spool(folder, most=PLENTY))
    assert [row.attempt for row in found] == [1] * len(found)
    assert found == rows(*range(len(found)))
    assert len(found) >= len(acknowledged)
