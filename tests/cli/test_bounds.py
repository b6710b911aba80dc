"""What `serve` says that the gateway may hold at the very worst."""

from sluicegate.adapters.http.uploads import FREE
from sluicegate.cli.bounds import COUNTER, ROW, bounds
from sluicegate.cli.start_lines import bounds_text
from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.registry import Registry

KIB, MIB, GIB = 1024, 1024**2, 1024**3
SERVER = {"max_in_flight": 100, "max_body": "1MiB", "max_incoming": "8MiB"}


def of(**sections):
    values = {"providers": {"sim": {"type": "simulator"}}, "server": SERVER, **sections}
    return load_values(values, {}, Registry()).config


def test_every_bound_in_bytes_is_in_the_sum():
    found = bounds(of(call={"max_reply": "64MiB"}, limit={"requests": ["10/min", "100/h"]}))
    assert found == {
        "uploads": 8 * MIB + 100 * FREE,
        "bodies": 100 * (1 + 1) * MIB * 2,
        "answers": 100 * 64 * MIB,
        "cache": 128 * MIB,
        "responses": 64 * MIB,
        "counters": 2 * 100_000 * COUNTER,
    }


def test_an_answer_takes_no_less_than_a_streams_pieces():
    small = bounds(of(call={"max_reply": "1KiB"}))["answers"]
    assert small >= 100 * 24 * MIB


def test_a_keys_own_windows_count_with_the_others():
    keys = [{"key": "k" * 16, "name": "a", "rate_limit": 5}, {"key": "l" * 16, "name": "b", "rate_limit": ["1/s"]}]
    config = of(limit={"requests": ["10/min"]}, auth={"api_keys": keys})
    assert bounds(config)["counters"] == 2 * 100_000 * COUNTER


def test_what_is_not_in_the_pipeline_takes_nothing():
    assert set(bounds(of(cache={"enabled": False}, recall={"enabled": False}))) == {"uploads", "bodies", "answers"}


def test_the_line_names_the_sum_and_its_parts():
    text = bounds_text(of(cache={"enabled": False}, recall={"enabled": False}))
    assert text == (
        "6.5 GiB at the very worst: uploads 9.6 MiB, bodies 200 MiB, answers 6.2 GiB; 10,000 log lines besides"
    )


def test_rows_on_their_way_to_a_database_take_room():
    assert bounds(of(database={"url": "sqlite:///a.db", "queue": 1000}))["ledger rows"] == 3 * 1000 * ROW
