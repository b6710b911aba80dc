import csv
import io
import json

import msgspec
import pytest
import trio

from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.database.rows import MIGRATIONS, write_rows
from sluicegate.cli import main
from sluicegate.pipeline.ledger import Row


@pytest.fixture
def ask(tmp_path, monkeypatch, capsys):
    """Run a verb over a ledger with three rows; return its exit code, what it printed and what it complained of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICEGATE_STATE_DIR", str(tmp_path / "state"))

    async def fill():
        database = open_database(f"sqlite:///{tmp_path}/state/sluicegate.db")
        for name, statements in MIGRATIONS.items():
            await database.migrate(name, statements)
        rows = [Row(f"e{number}", 1, 1000.0 + number, team="blue", tags=("a",), cost=number) for number in range(3)]
        rows[1] = msgspec.structs.replace(rows[1], provider="sim", served="m", input=1)
        await database.run(lambda connection: write_rows(connection, rows))
        await database.aclose()

    trio.run(fill)

    def run(*arguments):
        code = main(["ledger", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_query_prints_the_newest_rows_first(ask):
    code, out, _ = ask("query", "--limit", "2")
    assert (code, [json.loads(line)["exchange"] for line in out.splitlines()]) == (0, ["e2", "e1"])
    assert ask("query", "-w", "team=red")[1] == ""


def test_summary_prints_a_table_or_json(ask):
    code, out, _ = ask("summary", "--by", "team,tag")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["team", "tag", "requests", "attempts", "input", "output", "cost_usd", "unpriced"],
        ["blue", "a", "3", "3", "1", "0", "0.000000003", "0"],
    ]
    assert json.loads(ask("summary", "--json")[1])[0]["cost"] == 3


def test_export_writes_csv_or_json_lines(ask):
    table = ask("export", "-w", "until=1002")[1]
    assert [row["exchange"] for row in csv.DictReader(io.StringIO(table))] == ["e0", "e1"]
    lines = ask("export", "--format", "jsonl")[1].splitlines()
    assert [json.loads(line)["exchange"] for line in lines] == ["e0", "e1", "e2"]


def test_reprice_asks_todays_prices(ask, tmp_path):
    simulator = "{ sim: { type: simulator } }"
    (tmp_path / "config.yaml").write_text(f"providers: {simulator}\nprices: {{ sim/m: {{ input: $5/M }} }}\n")
    assert "3 rows, 1 would change" in ask("reprice", "--dry-run")[1]
    code, out, _ = ask("reprice")
    assert (code, out) == (0, "3 rows, 1 changed: $0.000000003 before, $0.000005002 now; 0 without a known price\n")
    assert json.loads(ask("summary", "--json")[1])[0]["billed"] == 3


def test_prune_removes_what_is_old(ask):
    assert ask("prune", "--before", "1001")[:2] == (0, "1 rows from before 1970-01-01T00:16:41.000Z removed\n")
    assert len(ask("query")[1].splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["query", "-w", "since"], "no NAME=VALUE"),
        (["query", "-w", "nothing=1"], "nothing that rows are chosen by"),
        (["query", "-w", "since=then"], "no time"),
        (["summary", "--by", "cost"], "there is no group 'cost'"),
        (["prune", "--before", "never"], "no time"),
        (["query", "--config", "none.yaml"], "none.yaml"),
    ],
)
def test_wrong_use_is_told_in_one_line(ask, arguments, told):
    code, out, err = ask(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
