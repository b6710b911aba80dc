"""The ledger as administrators and callers see it, over real sockets, with SQLite below."""

import csv
import io
import json

import pytest

from tests.adapters.http.harness import ADMIN_KEY, house

KEY = [("authorization", f"Bearer {ADMIN_KEY}")]
PAGES = ["/admin/ledger", "/admin/ledger/summary", "/admin/ledger/export"]
SIM = {"sim": {"type": "simulator", "first_token": "1ms", "tokens_per_second": 100_000, "tokens": 3}}
KEYS = {"api_keys": [{"key": "key-of-one-caller", "name": "one"}, {"key": "key-of-another", "name": "two"}]}
ONE, TWO = [("x-api-key", "key-of-one-caller")], [("x-api-key", "key-of-another")]
CHAT = {"model": "sim/any", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def sections(tmp_path, monkeypatch):
    monkeypatch.setenv("SLUICEGATE_STATE_DIR", str(tmp_path / "state"))
    database = {"url": f"sqlite:///{tmp_path}/ledger.db", "flush": "10ms"}
    return {"database": database, "providers": SIM, "auth": KEYS, "cache": {"enabled": False}}


async def chat(running, key, name, **fields):
    headers = [*key, ("x-request-id", name), ("x-sluicegate-tags", "blue, green")]
    answer = await running.ask("POST", "/v1/chat/completions", {**CHAT, **fields}, headers)
    assert answer.status == 200
    await running.until_idle()


async def seen(running, key, name):
    return await running.ask("GET", f"/v1/requests/{name}", headers=key)


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_without_the_admin_key_sees_the_ledger(path, sections):
    async with house(**sections) as running:
        for headers in ([], ONE, [("x-api-key", "wrong")]):
            assert (await running.ask("GET", path, headers=headers)).status in (401, 403)


@pytest.mark.parametrize("path", PAGES)
async def test_a_gateway_without_a_database_says_so(path):
    async with house() as running:
        answer = await running.ask("GET", path, headers=KEY)
        assert (answer.status, answer.error["code"]) == (404, "no_database")
        mine = await running.ask("GET", "/v1/requests/any")
        assert (mine.status, mine.error["code"]) == (404, "request_not_found")


async def test_administrators_see_rows_sums_and_files(sections):
    async with house(**sections) as running:
        for number in range(5):
            await chat(running, ONE if number % 2 else TWO, f"r{number}")
        assert (await seen(running, TWO, "r4")).status == 200  # the last: so all of them are written

        first = (await running.ask("GET", "/admin/ledger?limit=3", headers=KEY)).json
        assert [row["label"] for row in first["rows"]] == ["r4", "r3", "r2"]
        assert first["rows"][0]["tags"] == ["blue", "green"]
        rest = (await running.ask("GET", f"/admin/ledger?limit=3&after={first['next']}", headers=KEY)).json
        assert ([row["label"] for row in rest["rows"]], rest["next"]) == (["r1", "r0"], None)
        some = (await running.ask("GET", "/admin/ledger?key_name=one&tag=blue&since=1h", headers=KEY)).json
        assert [row["label"] for row in some["rows"]] == ["r3", "r1"]

        summary = (await running.ask("GET", "/admin/ledger/summary?group=key_name,model", headers=KEY)).json
        assert {(one["key_name"], one["requests"], one["output"]) for one in summary["groups"]} == {
            ("one", 2, 6),
            ("two", 3, 9),
        }

        table = await running.ask("GET", "/admin/ledger/export?format=csv", headers=KEY)
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        labels = [row["label"] for row in csv.DictReader(io.StringIO(table.body.decode()))]
        assert (labels, table.complete) == (["r0", "r1", "r2", "r3", "r4"], True)
        lines = await running.ask("GET", "/admin/ledger/export?format=jsonl&tag=green&user=", headers=KEY)
        assert [json.loads(line)["label"] for line in lines.body.splitlines()] == labels


@pytest.mark.parametrize(
    "query",
    [
        "nothing=1",
        "since=yesterday",
        "limit=0",
        "limit=1001",
        "limit=1;drop",
        "after=x",
        "status=2%20OR%201=1",
        "';DROP%20TABLE%20calls=1",
    ],
)
async def test_a_wrong_question_is_refused(query, sections):
    async with house(**sections) as running:
        answer = await running.ask("GET", f"/admin/ledger?{query}", headers=KEY)
        assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
        for path in ("summary?group=cost;", "export?format=xml"):
            assert (await running.ask("GET", f"/admin/ledger/{path}", headers=KEY)).status == 400


async def test_a_caller_sees_what_became_of_its_own_requests_and_of_no_others(sections):
    async with house(**sections) as running:
        await chat(running, ONE, "mine")
        await chat(running, ONE, "streamed", stream=True)
        await chat(running, TWO, "theirs")
        told = (await seen(running, ONE, "mine")).json
        assert (told["object"], told["id"], told["model"], told["status"]) == ("request", "mine", "sim/any", 200)
        assert told["tags"] == ["blue", "green"]
        (attempt,) = told["attempts"]
        assert (attempt["provider"], attempt["model"], attempt["usage"]["output"]) == ("sim", "any", 3)
        assert 0 < attempt["duration_ms"] <= told["duration_ms"]
        streamed = (await seen(running, ONE, "streamed")).json
        assert streamed["stream"]
        assert 0 < streamed["first_token_ms"] <= streamed["duration_ms"]
        for key, name in (
            (TWO, "mine"),
            (ONE, "theirs"),
            (ONE, "none"),
            (ONE, "%27%20OR%20%271%27=%271"),
            (ONE, "%00"),
        ):
            answer = await seen(running, key, name)
            assert (answer.status, answer.error["code"]) == (404, "request_not_found"), name
        assert (await seen(running, [], "mine")).status == 401


async def test_looking_at_a_request_is_no_request_of_its_own(sections):
    async with house(**sections) as running:
        await chat(running, ONE, "mine")
        await running.ask("GET", "/v1/requests/mine", headers=[*ONE, ("x-request-id", "looking")])
        assert (await seen(running, ONE, "looking")).status == 404


async def test_tags_that_cannot_be_kept_are_refused(sections):
    async with house(**sections) as running:
        answer = await running.ask("POST", "/v1/chat/completions", CHAT, [*ONE, ("x-sluicegate-tags", "two words")])
        assert (answer.status, answer.error["param"]) == (400, "x-sluicegate-tags")


async def test_a_refusal_is_found_with_its_code(sections):
    async with house(**sections) as running:
        headers = [*ONE, ("x-request-id", "refused")]
        assert (
            await running.ask("POST", "/v1/chat/completions", {**CHAT, "model": "nobody/no"}, headers)
        ).status == 404
        told = (await seen(running, ONE, "refused")).json
        assert (told["status"], told["code"], told["attempts"]) == (404, "model_not_found", [])
