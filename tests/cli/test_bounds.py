"""What `serve` says that the gateway may hold at the very worst."""

import pytest

from sluicegate.adapters.http.uploads import FREE
from sluicegate.adapters.providers.openai.errors import ErrorTable
from sluicegate.adapters.providers.openai.media_events import UnstreamedImages
from sluicegate.adapters.providers.openai.settings import OpenAISettings
from sluicegate.adapters.providers.openai.whole import AnswerReader
from sluicegate.adapters.providers.secrets import Secrets
from sluicegate.adapters.providers.spoken import WholeSpeech
from sluicegate.cli.bounds import COUNTER, KEY, OWED, ROW, RULESET, bounds
from sluicegate.cli.start_lines import bounds_text
from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.registry import Registry
from sluicegate.stages.limit import MAX_REMEMBERED
from sluicegate.stages.parts.settlements import MAX_OWED

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
        "answers": 100 * (64 * MIB + 64 * KIB),
        "cache": 128 * MIB,
        "responses": 64 * MIB,
        "keys": 256 * MIB + 200_000 * KEY,
        "counters": 2 * 100_000 * COUNTER,
        "limits": 2 * (MAX_OWED * OWED + MAX_REMEMBERED * RULESET),
    }


def test_an_answer_takes_no_less_than_a_streams_pieces():
    small = bounds(of(call={"max_reply": "1KiB", "commit_buffer": "1KiB"}))["answers"]
    assert small == 100 * (64 * MIB + KIB)
    assert bounds(of(call={"max_reply": "1GiB"}))["answers"] == 100 * GIB


ERRORS = ErrorTable("p", Secrets(OpenAISettings(type="openai")))
WHOLE = (
    WholeSpeech("p", "audio/wav", 1, lambda body: (body, None)),
    UnstreamedImages("p", AnswerReader(ERRORS), UpstreamHead(200, {})),
)


@pytest.mark.parametrize("held", WHOLE)
def test_what_comes_whole_where_a_stream_was_asked_for_is_held_no_further_than_is_counted(held):
    counted = bounds(of(call={"max_reply": "1KiB", "commit_buffer": "1B"}))["answers"] // 100
    room = counted // MIB
    for _ in range(room):
        held.feed(bytes(MIB))
    with pytest.raises(UpstreamError, match="limit"):
        held.feed(bytes(MIB))


def test_a_keys_own_windows_count_with_the_others():
    keys = [{"key": "k" * 16, "name": "a", "rate_limit": 5}, {"key": "l" * 16, "name": "b", "rate_limit": ["1/s"]}]
    config = of(limit={"requests": ["10/min"]}, auth={"api_keys": keys})
    assert bounds(config)["counters"] == 2 * 100_000 * COUNTER


def test_windows_of_every_sort_and_owner_count_and_budgets_are_one_more():
    key = {"key": "k" * 16, "name": "a", "tokens": ["5/s"], "budgets": {"day": "$1"}}
    config = of(
        limit={"cost": ["$1/h"], "team": {"tokens": ["1/30s"]}, "user": {"budgets": {"total": "$9"}}},
        auth={"api_keys": [key]},
        models={"m": {"targets": ["sim/m"], "rate_limit": {"requests": ["1/10s"]}}},
        providers={"sim": {"type": "simulator", "rate_limit": {"tokens": ["1/20s"]}}},
    )
    assert bounds(config)["counters"] == 6 * 100_000 * COUNTER


def test_what_is_not_in_the_pipeline_takes_nothing():
    config = of(**{name: {"enabled": False} for name in ("cache", "recall", "auth")})
    assert set(bounds(config)) == {"uploads", "bodies", "answers"}


def test_the_line_names_the_sum_and_its_parts():
    text = bounds_text(of(**{name: {"enabled": False} for name in ("cache", "recall", "auth")}))
    assert text == (
        "6.5 GiB at the very worst: uploads 9.6 MiB, bodies 200 MiB, answers 6.3 GiB; 10,000 log lines besides"
    )


def test_rows_on_their_way_to_a_database_take_room():
    assert bounds(of(database={"url": "sqlite:///a.db", "queue": 1000}))["ledger rows"] == 3 * 1000 * ROW
