"""The admin API on keys, users and teams, and what those try with it who should not."""

import base64

import pytest

from sluicegate.adapters.database.database import open_database
from sluicegate.adapters.http.admin.app import MAX_BODY
from sluicegate.adapters.http.throttle import ATTEMPTS, MANY
from sluicegate.adapters.identity.directory import DatabaseDirectory
from sluicegate.adapters.identity.identities import Identities
from tests.adapters.http.harness import ADMIN_KEY, CHAT, house
from tests.secrets_of_tests import secret

ADMIN = [("authorization", f"Bearer {ADMIN_KEY}")]
EVIL = ["'; DROP TABLE sluicegate_identities; --", "' OR '1'='1", '" UNION SELECT document FROM x --', "%", "_%"]


def bearer(text):
    return [("authorization", f"Bearer {text}")]


@pytest.fixture
async def directory(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/keys.db")
    identities = Identities(database, {"SLUICEGATE_STATE_DIR": str(tmp_path)})
    await identities.prepare()
    made = DatabaseDirectory(identities)
    await made.refresh()
    yield made
    await database.aclose()


@pytest.fixture
async def running(directory):
    async with house(directory=directory) as opened:
        yield opened


async def made(running, kind="keys", **fields):
    answer = await running.ask("POST", f"/admin/{kind}", {"name": "ci", **fields}, ADMIN)
    assert answer.status == 201, answer.status
    if "key" in answer.json:
        secret(answer.json["key"])
    return answer.json


async def chat(running, key, **fields):
    return await running.ask("POST", "/v1/chat/completions", {**CHAT, **fields}, bearer(key))


async def test_a_key_is_made_used_changed_rotated_revoked_and_deleted(running):
    assert (await running.ask("POST", "/v1/chat/completions", CHAT)).status == 200  # nobody needs a key yet
    key = await made(running, allowed_models=["sim/*"], limits={"requests": "100/min"}, metadata={"a": 1})
    assert (await running.ask("POST", "/v1/chat/completions", CHAT)).status == 401
    assert (await chat(running, key["key"])).status == 200
    await running.until_idle()
    assert running.records[-1]["key"] == "ci"
    assert running.records[-1]["metadata"] == {"a": 1}

    path = f"/admin/keys/{key['id']}"
    shown = (await running.ask("GET", path, headers=ADMIN)).json
    assert shown == {name: value for name, value in key.items() if name != "key"}
    assert (await running.ask("GET", "/admin/keys", headers=ADMIN)).json == {
        "data": [shown],
        "has_more": False,
        "next": None,
    }

    changed = await running.ask("PATCH", path, {"allowed_models": ["other/*"]}, ADMIN)
    assert (changed.status, changed.json["allowed_models"]) == (200, ["other/*"])
    refused = await chat(running, key["key"])
    assert (refused.status, refused.error["code"]) == (403, "model_not_allowed")
    await running.ask("PATCH", path, {"allowed_models": None}, ADMIN)

    rotated = await running.ask("POST", f"{path}/rotate", {"overlap": "1h"}, ADMIN)
    assert [one["prefix"] for one in rotated.json["previous"]] == [key["prefix"]]
    for text in (key["key"], rotated.json["key"]):
        assert (await chat(running, text)).status == 200

    assert (await running.ask("POST", f"{path}/revoke", headers=ADMIN)).json["state"] == "revoked"
    for text in (key["key"], rotated.json["key"]):
        refused = await chat(running, text)
        assert (refused.status, refused.error["message"]) == (401, "API key 'ci' has been revoked")

    assert (await running.ask("DELETE", path, headers=ADMIN)).json == {"id": key["id"], "deleted": True}
    assert (await running.ask("GET", path, headers=ADMIN)).status == 404
    refused = await chat(running, key["key"])
    assert refused.error["message"] == "the API key of this request is not known here"


async def test_a_rotation_without_overlap_ends_the_old_text_at_once(running):
    key = await made(running)
    for overlap, status in ((None, 400), ("soon", 400), ("91d", 400), (5, 400), ("0s", 200)):
        answer = await running.ask("POST", f"/admin/keys/{key['id']}/rotate", {"overlap": overlap}, ADMIN)
        assert answer.status == status, overlap
        assert status == 200 or answer.error["param"] == "overlap"
    refused = await chat(running, key["key"])
    assert refused.status == 401
    assert refused.error["message"] == "API key 'ci' has been rotated, and the time of its old text is over"
    assert (await chat(running, answer.json["key"])).status == 200


async def test_teams_and_users_are_made_and_disabled_with_all_of_their_keys(running):
    team = await made(running, "teams", budgets={"month": "$100"})
    user = await made(running, "users", team="ci")
    key = await made(running, user=user["id"])
    assert (await chat(running, key["key"])).status == 200
    assert (await running.ask("DELETE", f"/admin/teams/{team['id']}", headers=ADMIN)).status == 409
    await running.ask("PATCH", f"/admin/teams/{team['id']}", {"enabled": False}, ADMIN)
    refused = await chat(running, key["key"])
    assert refused.error["message"] == "API key 'ci' belongs to team 'ci', which is disabled"
    listed = (await running.ask("GET", f"/admin/users?team={team['id']}", headers=ADMIN)).json
    assert [one["id"] for one in listed["data"]] == [user["id"]]


async def test_an_admins_key_opens_the_room_until_it_is_good_no_more(running):
    key = await made(running, role="admin")
    basic = base64.b64encode(f"me:{key['key']}".encode()).decode()
    for headers in (bearer(key["key"]), [("x-api-key", key["key"])], [("authorization", f"Basic {basic}")]):
        assert (await running.ask("GET", "/admin/config", headers=headers)).status == 200
    # A browser adds Basic by itself, whichever page makes it ask: so that changes nothing.
    assert (
        await running.ask("POST", "/admin/keys", {"name": "x"}, [("authorization", f"Basic {basic}")])
    ).status == 401
    assert (await running.ask("POST", "/admin/keys", {"name": "x"}, bearer(key["key"]))).status == 201
    await running.ask("POST", f"/admin/keys/{key['id']}/revoke", headers=ADMIN)
    answer = await running.ask("GET", "/admin/config", headers=bearer(key["key"]))
    assert (answer.status, answer.error["message"]) == (401, "API key 'ci' has been revoked")


PLACES = ["/admin/keys", "/admin/users", "/admin/teams", "/admin/keys/key_0", "/admin/teams/team_0", "/admin/users/u"]


async def test_nothing_is_open_without_a_key_or_with_that_of_a_caller(running):
    key = await made(running)
    for path in [*PLACES, "/admin/keys/key_0/rotate", "/admin/keys/key_0/revoke", "/dashboard"]:
        for method in ("GET", "POST", "PATCH", "DELETE", "PUT"):
            body = {"name": "x"} if method in ("POST", "PATCH", "PUT") else None
            assert (await running.ask(method, path, body)).status == 401, (method, path)
            assert (await running.ask(method, path, body, bearer(key["key"]))).status == 403, (method, path)
    assert len((await running.ask("GET", "/admin/keys", headers=ADMIN)).json["data"]) == 1


async def test_who_tries_key_after_key_has_to_wait_whatever_comes_next(running):
    for number in range(ATTEMPTS):
        answer = await running.ask("GET", "/admin/keys", headers=bearer(f"sk-sg-{number:043}"))
        assert answer.status == 401
    for headers in (bearer("another"), ADMIN):
        answer = await running.ask("GET", "/admin/keys", headers=headers)
        assert (answer.status, answer.error["code"]) == (429, "too_many_attempts")
        assert 0 < int(answer.headers["retry-after"]) <= 60


async def test_unknown_ids_are_all_answered_alike(running):
    key = await made(running)
    await running.ask("DELETE", f"/admin/keys/{key['id']}", headers=ADMIN)
    for id in (key["id"], "key_0", "..", "key_0000000000000000", "team_0"):
        answer = await running.ask("GET", f"/admin/keys/{id}", headers=ADMIN)
        assert (answer.status, answer.error["message"]) == (404, f"there is no key {id!r}")


@pytest.mark.parametrize(
    "path", ["%2e%2e", "key_0%2Frotate", "key_0%00", "%D0%BA", "key_0/../key_0", "key_0//rotate", "key_0;x", "key_0'--"]
)
async def test_a_path_that_can_be_read_in_two_ways_is_none(running, path):
    key = await made(running)
    answer = await running.ask("POST", "/admin/keys/" + path.replace("key_0", key["id"]), {}, ADMIN)
    assert answer.status in (400, 404, 405)
    assert (await chat(running, key["key"])).status == 200


async def test_sql_in_any_field_and_parameter_is_text_or_refused(running):
    for number, evil in enumerate(EVIL):
        team = await made(running, "teams", name=evil, metadata={evil: evil})
        user = await made(running, "users", name=evil, team=evil)
        key = await made(running, name=evil, team=evil, user=evil, owner=evil, allowed_models=[evil])
        assert (team["name"], user["team"], key["owner"]) == (evil, team["id"], evil)
        for field in ("expires", "role", "allowed_operations", "limits", "budgets", "enabled"):
            answer = await running.ask("PATCH", f"/admin/keys/{key['id']}", {field: evil}, ADMIN)
            assert (answer.status, answer.error["param"]) == (400, field)
        quoted = "".join(f"%{byte:02X}" for byte in evil.encode())
        for query, count in ((f"name={quoted}", 1), (f"team={quoted}", 1), (f"user={quoted}", 1)):
            answer = await running.ask("GET", f"/admin/keys?{query}", headers=ADMIN)
            assert len(answer.json["data"]) == count
        for query in (f"after={quoted}", f"limit={quoted}", f"{quoted}=1"):
            assert (await running.ask("GET", f"/admin/keys?{query}", headers=ADMIN)).status == 400
        assert len((await running.ask("GET", "/admin/keys", headers=ADMIN)).json["data"]) == number + 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'"x"', "invalid_json"),
        (b'{"name": "\xff"}', "invalid_json"),
        (b'{"name": "\\ud800"}', "invalid_json"),
        (b"[" * 30_000, "invalid_json"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "invalid_json"),
        (b'{"name": "x", "admin": true}', "unknown_parameter"),
        (b'{"owner": "x"}', "missing_required_parameter"),
        (b'{"name": "x\\r\\nset-cookie: a=b"}', "invalid_value"),
        (b'{"name": "x\\u0000"}', "invalid_value"),
    ],
)
async def test_a_body_that_is_none_is_400(running, body, code):
    answer = await running.ask("POST", "/admin/keys", body, ADMIN)
    assert (answer.status, answer.error["code"]) == (400, code)


async def test_a_large_body_is_413(running):
    answer = await running.ask("POST", "/admin/keys", b"x" * (MAX_BODY + 1), ADMIN)
    assert answer.status == 413


async def test_a_name_cannot_forge_a_line_of_the_log_or_a_header(running):
    name = 'ci", "outcome": "ok'
    key = await made(running, name=name, metadata={'a"\n{': "\r\nx: y"}, allowed_models=[])
    answer = await chat(running, key["key"])
    assert answer.status == 403
    assert "\n" not in answer.error["message"]
    await running.until_idle()
    assert running.records[-1]["key"] == name


async def test_pages_are_walked(running):
    for number in range(5):
        await made(running, name=f"key {number}")
    found, query = [], "limit=2"
    while query:
        page = (await running.ask("GET", f"/admin/keys?{query}", headers=ADMIN)).json
        assert len(page["data"]) <= 2
        found += [one["name"] for one in page["data"]]
        query = f"limit=2&after={page['next']}" if page["has_more"] else ""
    assert found == [f"key {number}" for number in range(5)]


async def test_what_is_shown_says_nothing_of_texts_and_digests(running, directory, caplog):
    key = await made(running)
    rotated = (await running.ask("POST", f"/admin/keys/{key['id']}/rotate", headers=ADMIN)).json
    kept = await directory.identities.get("key", key["id"])
    for text in (key["key"], rotated["key"]):
        await chat(running, text)
        await chat(running, text + "x")
    secrets = [key["key"], rotated["key"], kept.digest, kept.previous[0].digest, ADMIN_KEY]
    shown_at = (*PLACES[:3], f"/admin/keys/{key['id']}", "/admin/config", "/metrics", "/metrics/prometheus")
    shown = [(await running.ask("GET", path, headers=ADMIN)).body.decode() for path in shown_at]
    shown += [repr(running.records), caplog.text, repr(directory), repr(directory.find(key["key"]))]
    for hidden in secrets:
        assert all(hidden not in text for text in shown)


async def test_keys_of_another_secret_are_told_as_such(tmp_path, running):
    await made(running)
    database = open_database(f"sqlite:///{tmp_path}/keys.db")
    stranger = DatabaseDirectory(Identities(database, {"SLUICEGATE_STATE_DIR": str(tmp_path / "other")}))
    async with house(directory=stranger) as other:
        answer = await other.ask("POST", "/admin/keys", {"name": "x"}, ADMIN)
        assert (answer.status, answer.error["code"]) == (503, "directory_unavailable")
        answer = await chat(other, "sk-sg-" + "x" * 43)
        assert (answer.status, answer.error["code"]) == (503, "directory_unavailable")
        assert (await other.ask("POST", "/v1/chat/completions", CHAT)).status == 401
    await database.aclose()


async def test_without_a_database_there_are_no_such_pages():
    async with house() as running:
        assert (await running.ask("GET", "/admin/keys", headers=ADMIN)).status == 404


async def test_each_change_is_a_line_of_the_log_that_says_by_whom_and_no_key(running, caplog):
    caplog.set_level("INFO", "sluicegate.audit")
    boss = await made(running, name='the "boss"', role="admin")
    path = f"/admin/keys/{boss['id']}"
    await running.ask("GET", path, headers=ADMIN)
    await running.ask("PATCH", path, {"role": "anything"}, ADMIN)
    await running.ask("POST", f"{path}/revoke", headers=bearer(boss["key"]))
    assert [record.getMessage() for record in caplog.records if record.name == "sluicegate.audit"] == [
        f"POST {path}: 201, by the admin key from 127.0.0.1",
        f"PATCH {path}: 400, by the admin key from 127.0.0.1",
        f"POST {path}/revoke: 200, by API key 'the \"boss\"' from 127.0.0.1",
    ]
    assert boss["key"] not in caplog.text


async def test_many_unknown_keys_of_one_address_are_told_to_wait_and_a_known_one_never_is(running):
    key = await made(running)
    for _ in range(MANY):
        assert (await chat(running, "sk-sg-unknown")).status == 401
    refused = await chat(running, "sk-sg-unknown")
    assert (refused.status, refused.error["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert (await chat(running, key["key"])).status == 200
    assert (await running.ask("POST", "/v1/chat/completions", CHAT)).status == 401  # who has no key guesses none
