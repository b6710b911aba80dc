"""What can be asked of the ledger, over both databases."""

import csv
import io
import json

import pytest
import trio

from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.database.export import COLUMNS, export
from sluicegate.adapters.database.queries import (
    FILTERS,
    GROUPS,
    Query,
    cursor_of,
    read_cursor,
    read_query,
    rows_page,
    summary,
    usd,
)
from sluicegate.adapters.database.rows import MIGRATIONS, write_rows
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.ledger import Row

NOON = 1_800_000_000.0 // 86_400 * 86_400 + 12 * 3600
HOSTILE = ["' OR '1'='1", "'; DROP TABLE calls; --", '" OR ""="', "%", "_", "?", "%s", "\\", "a\0b", "\udc80", ")) --"]


def row(number, **fields):
    given = {"tenant": "t", "key_id": "k1", "team": "blue", "model": "gpt", "provider": "openai", "served": "gpt-4o"}
    given |= {"operation": "chat", "outcome": "ok", "status": 200, "input": 10, "output": 1, "cost": 100}
    return Row(**{"exchange": f"e{number:03}", "attempt": 1, "at": NOON + number * 60, **given, **fields})


ROWS = [
    row(0, tags=("a", "b"), cost=1_500_000_000),
    row(1, tags=("a",), model="claude", provider="anthropic", served="claude", team="red", user="ada"),
    row(2, outcome="failed", status=502, code="upstream_error", last=False, provider="azure", cost=0),
    row(2, attempt=2, key_id="k2", key_name="two"),
    row(61, attempt=0, cache="hit", cost=0, input=0, output=0),
    row(24 * 60, cost=None, label="mine", tenant="other"),
]


@pytest.fixture
async def database(url):
    opened = open_database(url)
    for name, statements in MIGRATIONS.items():
        await opened.migrate(name, statements)
    await opened.run(lambda connection: write_rows(connection, ROWS))
    yield opened
    with trio.CancelScope(shield=True):
        await opened.aclose()


async def found(database, *, limit=100, after=None, up=True, **query):
    chosen = Query(**query)
    return await database.read(lambda connection: rows_page(connection, chosen, limit=limit, after=after, up=up))


async def numbers(database, **query):
    return [ROWS.index(one.row) for one in await found(database, **query)]


async def sums(database, *groups, limit=100, **query):
    chosen = Query(**query)
    return await database.read(lambda connection: summary(connection, chosen, groups, limit=limit))


@pytest.mark.parametrize(
    ("equals", "wanted"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"exchange": "e002"}, [2, 3]),
        ({"label": "mine"}, [5]),
        ({"tenant": "other"}, [5]),
        ({"key": "k2"}, [3]),
        ({"key_name": "two"}, [3]),
        ({"user": "ada"}, [1]),
        ({"team": "red"}, [1]),
        ({"operation": "embedding"}, []),
        ({"model": "claude"}, [1]),
        ({"provider": "azure"}, [2]),
        ({"served": "claude"}, [1]),
        ({"outcome": "failed"}, [2]),
        ({"status": "502"}, [2]),
        ({"code": "upstream_error"}, [2]),
        ({"cache": "hit"}, [4]),
        ({"team": "blue", "provider": "openai"}, [0, 3, 4, 5]),
    ],
)
async def test_rows_are_chosen_by_what_they_say(database, equals, wanted):
    assert await numbers(database, equals=equals) == wanted


async def test_rows_are_chosen_by_time_and_tag(database):
    assert await numbers(database, since=NOON + 60, until=NOON + 61 * 60) == [1, 2, 3]
    assert await numbers(database, tag="a") == [0, 1]
    assert await numbers(database, tag="b") == [0]
    assert await numbers(database, tag="a,b") == []


async def test_pages_follow_each_other_without_gap_or_repetition(database):
    for up in (True, False):
        seen, after = [], None
        while page := await found(database, limit=2, after=after, up=up):
            assert len(page) <= 2
            seen += [ROWS.index(one.row) for one in page]
            after = read_cursor(cursor_of(page[-1]))
        assert seen == ([0, 1, 2, 3, 4, 5] if up else [5, 4, 3, 2, 1, 0])


@pytest.mark.parametrize("name", [*FILTERS, "tag"])
async def test_hostile_values_choose_nothing_and_harm_nothing(database, name):
    for text in HOSTILE:
        if name == "status":
            with pytest.raises(InvalidRequest):
                read_query([(name, text)], 0.0)
            continue
        query = read_query([(name, text)], 0.0)
        assert await numbers(database, equals=query.equals, tag=query.tag) == [], text
        assert await sums(database, name, equals=query.equals, tag=query.tag) == [], text
    assert len(await found(database)) == len(ROWS)


@pytest.mark.parametrize("name", ["cost; DROP TABLE calls", "1", "calls.cost", "", "since", "KEY"])
async def test_what_is_no_group_is_refused(database, name):
    with pytest.raises(InvalidRequest, match="no group"):
        await sums(database, name)
    assert len(await found(database)) == len(ROWS)


@pytest.mark.parametrize("text", ["", "e30", "W10", "%%%", "WzEsMiwzXQ", "'; --", "ü"])
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidRequest):
        read_cursor(text)


def test_what_is_no_filter_is_refused():
    with pytest.raises(InvalidRequest, match="since, until, tag, exchange"):
        read_query([("1=1; --", "x")], 0.0)
    with pytest.raises(InvalidRequest, match="no time"):
        read_query([("since", "yesterday")], 0.0)


async def test_all_rows_are_summed_up(database):
    assert await sums(database) == [
        {
            "requests": 5,
            "attempts": 5,
            "input": 50,
            "cached": 0,
            "cache_write": 0,
            "output": 5,
            "reasoning": 0,
            "images": 0,
            "characters": 0,
            "seconds": 0.0,
            "cost": 1_500_000_200,
            "billed": 1_500_000_200,
            "unpriced": 1,
            "cost_usd": "1.5000002",
        }
    ]


async def test_of_nothing_all_sums_are_nothing(database):
    (nothing,) = await sums(database, equals={"team": "nobody"})
    assert (nothing["requests"], nothing["cost"], nothing["cost_usd"]) == (0, 0, "0")


@pytest.mark.parametrize(
    ("group", "wanted"),
    [
        ("team", {"blue": (4, 1_500_000_100), "red": (1, 100)}),
        ("key", {"k1": (4, 1_500_000_100), "k2": (1, 100)}),
        ("provider", {"openai": (4, 1_500_000_100), "anthropic": (1, 100), "azure": (0, 0)}),
        ("tag", {"a": (2, 1_500_000_100), "b": (1, 1_500_000_000)}),
        ("status", {200: (5, 1_500_000_200), 502: (0, 0)}),
    ],
)
async def test_sums_for_each_of_something_come_dearest_first(database, group, wanted):
    rows = await sums(database, group)
    assert {one[group]: (one["requests"], one["cost"]) for one in rows} == wanted
    assert [one["cost"] for one in rows] == sorted((cost for _, cost in wanted.values()), reverse=True)
    assert len(await sums(database, group, limit=1)) == 1


async def test_sums_by_hour_and_day(database):
    days = await sums(database, "day")
    assert [(one["day"][11:], one["requests"]) for one in days] == [("00:00:00.000Z", 4), ("00:00:00.000Z", 1)]
    hours = await sums(database, "hour", "team")
    assert {(one["hour"][11:13], one["team"], one["requests"]) for one in hours} == {
        ("12", "blue", 2),
        ("12", "red", 1),
        ("13", "blue", 1),
        ("12", "blue", 1),
    }


async def test_every_group_can_be_asked_for_with_every_other(database):
    for name in GROUPS:
        assert await sums(database, name, "tag"), name
    assert await sums(database, *GROUPS)


async def whole(database, form, **query):
    return b"".join([page async for page in export(database, Query(**query), form)])


async def test_json_lines_have_every_row_oldest_first(database):
    lines = (await whole(database, "jsonl")).splitlines()
    told = [json.loads(line) for line in lines]
    assert [one["exchange"] for one in told] == [one.exchange for one in ROWS]
    assert tuple(told[0]) == COLUMNS
    assert (told[0]["cost_usd"], told[0]["tags"], told[5]["cost"]) == ("1.5", ["a", "b"], None)


async def test_csv_has_a_head_and_every_row_and_computes_nothing(database):
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'say "no", please']
    more = [row(2000 + at, label=text, user="evil", more={"searches": 2}) for at, text in enumerate(evil)]
    await database.run(lambda connection: write_rows(connection, more))
    text = (await whole(database, "csv", equals={"user": "evil"})).decode()
    told = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [one["label"] for one in told] == [*(f"'{text}" for text in evil[:6]), evil[6]]
    assert told[0]["more"] == '{"searches":2}'
    first = next(csv.DictReader(io.StringIO((await whole(database, "csv")).decode())))
    assert (first["tags"], first["stream"], first["cost"], first["cost_usd"]) == ("a,b", "0", "1500000000", "1.5")


async def test_an_export_has_more_rows_than_a_page(database):
    many = [row(3000 + at, user="many") for at in range(2500)]
    await database.run(lambda connection: write_rows(connection, many))
    lines = (await whole(database, "jsonl", equals={"user": "many"})).splitlines()
    assert len({json.loads(line)["exchange"] for line in lines}) == len(lines) == 2500


@pytest.mark.parametrize(
    ("nano", "text"), [(0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (-10, "-0.00000001"), (10**10, "10")]
)
def test_money_is_told_exactly(nano, text):
    assert usd(nano) == text
