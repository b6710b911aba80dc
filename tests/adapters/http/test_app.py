"""The front door over a real socket, with the default pipeline and the simulator behind it."""

import pytest
import trio

from sluicegate.adapters.http.app import FrontDoor
from tests.adapters.http.harness import ADMIN_KEY, CHAT, house, read_answer, request

CHATS = "/v1/chat/completions"
KEY = [("x-api-key", ADMIN_KEY)]


async def test_a_chat_is_answered_with_who_served_it():
    async with house(limit={"requests": ["100/min"]}) as running:
        answer = await running.chat()
        assert answer.status == 200
        assert answer.json["object"] == "chat.completion"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-sluicegate-provider"] == "sim"
        assert answer.headers["x-sluicegate-model"] == "any"
        assert answer.headers["x-sluicegate-attempts"] == "1"
        assert answer.headers["x-sluicegate-cache"] == "miss"
        assert answer.headers["x-ratelimit-limit-requests"] == "100"
        stages = [mark.partition(";")[0] for mark in answer.headers["server-timing"].split(", ")]
        assert stages == ["validate", "auth", "limit", "filter", "recall", "cache", "route", "call"]
        again = await running.chat()
        assert again.headers["x-sluicegate-cache"] == "hit"
        assert again.json["choices"] == answer.json["choices"]


async def test_a_stream_is_events_and_ends_with_the_terminator():
    async with house() as running:
        answer = await running.chat(stream=True)
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.events[-1] == "[DONE]"
        assert len(answer.events) > 3


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/v1/completions", {"model": "sim/any", "prompt": "Hello"}, "text_completion"),
        ("/v1/embeddings", {"model": "sim/any", "input": "Hello"}, "list"),
    ],
)
async def test_the_other_operations_are_answered(path, body, kind):
    async with house() as running:
        answer = await running.ask("POST", path, body)
        assert (answer.status, answer.json["object"]) == (200, kind)


async def test_models_are_listed_and_found_by_ids_with_slashes():
    async with house(models={"fast": {"targets": ["sim/any"]}}) as running:
        listed = (await running.ask("GET", "/v1/models")).json
        ids = [model["id"] for model in listed["data"]]
        assert "fast" in ids
        slashed = next(id for id in ids if "/" in id)
        for path in (slashed, slashed.replace("/", "%2F"), slashed + "?x=1"):
            assert (await running.ask("GET", f"/v1/models/{path}")).json["id"] == slashed
        missing = await running.ask("GET", "/v1/models/nobody%2Fany")
        assert (missing.status, missing.error["code"]) == (404, "model_not_found")


async def test_keys_are_asked_for_where_they_are_configured():
    async with house(auth={"api_keys": [{"key": "secret-key-1", "name": "one"}]}) as running:
        assert (await running.chat()).status == 401
        for header in (("authorization", "bearer secret-key-1"), ("api-key", "secret-key-1")):
            assert (await running.ask("POST", CHATS, CHAT, [header])).status == 200


async def test_head_is_get_without_the_body():
    async with house() as running, await running.connect() as stream:
        for path in ("/health", "/v1/models"):
            await stream.send_all(request("HEAD", path))
            answer = await read_answer(stream, method="HEAD")
            assert (answer.status, answer.body) == (200, b"")
            assert int(answer.headers["content-length"]) > 10


@pytest.mark.parametrize(
    "path", ["/health", "/healthz", "/readyz", "/health/liveliness", "/health/liveness", "/health/readiness"]
)
async def test_every_health_path_says_that_all_is_well(path):
    async with house() as running:
        answer = await running.ask("GET", path)
        assert (answer.status, answer.json) == (200, {"status": "ok", "version": "1.2.3"})


async def test_without_cors_pages_are_told_nothing():
    async with house() as running:
        answer = await running.ask("OPTIONS", CHATS, headers=[("origin", "https://app.example")])
        assert (answer.status, answer.headers["allow"]) == (204, "POST, OPTIONS")
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_listed_page_may_call_and_read_answers_and_errors():
    page = ("origin", "https://app.example")
    async with house(server={"cors": {"allowed_origins": ["https://app.example"]}}) as running:
        asks = [page, ("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")]
        preflight = await running.ask("OPTIONS", CHATS, headers=asks)
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        assert preflight.headers["access-control-allow-headers"] == "authorization"
        for body in (CHAT, {}):
            answer = await running.ask("POST", CHATS, body, [page])
            assert answer.headers["access-control-allow-origin"] == "https://app.example"
            assert "x-sluicegate-provider" in answer.headers["access-control-expose-headers"]
        closed = await running.ask("OPTIONS", "/admin/config", headers=asks)
        assert "access-control-allow-methods" not in closed.headers


async def test_a_body_that_nobody_asked_for_breaks_nothing():
    async with house() as running, await running.connect() as stream:
        chunks = b"".join(b"4\r\nabcd\r\n" for _ in range(5000)) + b"0\r\n\r\n"
        for path in ("/health", "/v1/models", "/nowhere"):
            await stream.send_all(request("GET", path, headers=[("transfer-encoding", "chunked")]) + chunks)
            assert (await read_answer(stream)).complete
        headers = [("transfer-encoding", "chunked"), *KEY]
        assert (await running.raw(request("GET", "/admin/config", headers=headers) + chunks)).status == 200


async def test_every_answer_has_the_callers_label_or_a_new_one():
    async with house() as running:
        for path in ("/health", "/nowhere", "/v1/models", "/admin/config"):
            answer = await running.ask("GET", path, headers=[("x-request-id", "mine")])
            assert answer.headers["x-request-id"] == answer.headers["request-id"] == "mine"
        assert (await running.ask("GET", "/health", headers=[("x-request-id", "a b")])).headers["x-request-id"] != "a b"


async def test_a_refusal_at_the_door_is_in_the_access_log():
    async with house() as running:
        await running.ask("GET", "/nowhere", headers=[("x-request-id", "lost")])
        (record,) = running.records
        assert (record["label"], record["status"], record["code"]) == ("lost", 404, "not_found")


async def test_many_clients_at_once_are_all_answered():
    answers = []

    async def one(running, number):
        answers.append(await running.chat(messages=[{"role": "user", "content": str(number)}], stream=number % 2 == 0))

    async with house() as running:
        async with trio.open_nursery() as nursery:
            for number in range(60):
                nursery.start_soon(one, running, number)
        assert [answer.status for answer in answers] == [200] * 60
        await running.assert_well()
        # A server tells of a complete answer and of a client that left in the same way.
        assert [record["outcome"] for record in running.records] == ["ok"] * 60


class Broken:
    """An admin room with a bug."""

    async def enter(self, visit, room):
        raise ValueError("a secret of the house")


async def test_a_bug_at_the_edge_is_a_500_that_tells_nothing_and_a_line_in_the_log(caplog):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async with house() as running:
        front = FrontDoor(running.gateway, Broken(), version="1.2.3", keyless=lambda: True)
        scope = {"type": "http", "method": "GET", "path": "/admin", "query_string": b"", "headers": []}
        await front(scope, receive, send)
    assert sent[0]["status"] == 500
    assert b"internal_error" in sent[1]["body"]
    assert b"secret" not in sent[1]["body"]
    assert "a secret of the house" in caplog.text
    caplog.clear()
