"""What is kept of responses, how long, and for whom."""

import inspect
import json

import pytest

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.conversation import Conversation
from sluicegate.pipeline.errors import InvalidRequest, NotFound
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import ChunkKind, Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.recall import Recall, RecallSettings
from sluicegate.testing import chat, request
from tests.conformance.waiting_store import WaitingStore
from tests.stages.caching import Hand, Replay

SAID = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}]


def recall(clock: Hand | None = None, *, waits: bool = False, **settings) -> Recall:
    store = MemoryStore(clock or Hand())
    stores = {"memory": WaitingStore(store) if waits else store}
    return Recall(RecallSettings(**settings), Resources(stores=stores))


def exchange(asked: Request, tenant: str = "one") -> Exchange:
    return Exchange(asked, deadline=60.0, started=0.0, caller=Caller(tenant))


def body(name: str, status: str = "completed") -> bytes:
    return json.dumps({"id": name, "status": status, "output": SAID}).encode()


async def asked(stage: Recall, tenant: str = "one", **fields) -> Exchange:
    """Return an exchange that has passed the stage."""
    one = exchange(request("responses", model="m", **{"input": "Hello", **fields}), tenant)
    verdict = stage.judge(one)
    assert (await stage.attend(one) if verdict is Verdict.WAIT else verdict) is Verdict.PASS
    return one


async def hooked(hooks, one: Exchange) -> None:
    for hook in hooks:
        if inspect.isawaitable(waiting := hook(one)):
            await waiting


async def answered(one: Exchange, response: bytes) -> None:
    """Let the answer leave, whole or as the last event of a stream."""
    if not one.request.stream:
        one.reply = Reply(body=response)
        await hooked(one.on_reply, one)
        return
    data = b'{"type":"response.completed","response":' + response + b"}"
    one.reply = Reply(stream=Replay(((data, ChunkKind.FINISH, "response.completed"),)))
    await hooked(one.on_reply, one)
    async for batch in one.reply.stream:
        for chunk in batch:
            for tap in one.taps:
                assert tap(one, chunk) is chunk
    await hooked(one.on_settle, one)


async def shown(stage: Recall, name: str, tenant: str = "one", operation: str = "response") -> bytes:
    one = exchange(Request(operation, subject=name), tenant)
    assert stage.judge(one) is Verdict.WAIT
    assert await stage.attend(one) is Verdict.REPLY
    return one.reply.body


async def test_what_has_nothing_to_do_with_responses_passes():
    one = exchange(chat())
    assert recall().judge(one) is Verdict.PASS
    assert (one.on_reply, one.taps, one.on_settle) == ([], [], [])


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_conversation_grows_with_each_answer(waits, stream):
    stage = recall(waits=waits)
    await answered(await asked(stage, stream=stream), body("a"))
    second = await asked(stage, stream=stream, input=[{"role": "user", "content": "More"}], previous_response_id="a")
    user = {"type": "message", "role": "user", "content": "Hello"}
    assert [json.loads(bytes(item)) for item in second.request.recalled.items] == [user, *SAID]
    await answered(second, body("b"))
    third = await asked(stage, previous_response_id="b")
    items = [json.loads(bytes(item)) for item in third.request.recalled.items]
    assert items == [user, *SAID, {"role": "user", "content": "More"}, *SAID]
    assert await shown(stage, "b") == body("b")


async def test_it_is_kept_for_its_time_only():
    clock = Hand()
    stage = recall(clock, ttl=10.0)
    await answered(await asked(stage), body("a"))
    clock.now = 9.0
    assert (await asked(stage, previous_response_id="a")).request.recalled is not None
    clock.now = 11.0
    assert (await asked(stage, previous_response_id="a")).request.recalled is None
    with pytest.raises(NotFound, match="'a'"):
        await shown(stage, "a")


async def test_another_tenant_has_no_such_response():
    stage = recall()
    await answered(await asked(stage), body("a"))
    with pytest.raises(NotFound, match="previous_response_id: there is no response 'a'"):
        await asked(stage, tenant="two", previous_response_id="a")
    for operation in ("response", "delete_response"):
        with pytest.raises(NotFound, match="'a'"):
            await shown(stage, "a", "two", operation)
    assert await shown(stage, "a") == body("a")


async def test_what_was_deleted_is_gone():
    stage = recall()
    await answered(await asked(stage), body("a"))
    assert json.loads(await shown(stage, "a", operation="delete_response"))["deleted"] is True
    with pytest.raises(NotFound, match="'a'"):
        await asked(stage, previous_response_id="a")
    with pytest.raises(NotFound, match="'a'"):
        await shown(stage, "a")


@pytest.mark.parametrize("stream", [False, True])
async def test_nothing_is_kept_that_is_not_to_be_stored_too_large_or_not_whole(stream):
    stage = recall(max_entry=1000, max_bytes=10_000)
    await answered(await asked(stage, stream=stream, store=False), body("a"))
    await answered(await asked(stage, stream=stream, input="x" * 2000), body("b"))
    await answered(await asked(stage, stream=stream), body("c", status="queued"))
    await answered(await asked(stage, stream=stream), b'{"no":"response"}')
    for name in "abc":
        with pytest.raises(NotFound):
            await shown(stage, name)


async def test_the_oldest_go_first():
    stage = recall(max_entries=2)
    for name in "abc":
        await answered(await asked(stage), body(name))
    with pytest.raises(NotFound):
        await shown(stage, "a")
    assert await shown(stage, "c") == body("c")


def test_what_is_no_conversation_is_none():
    assert Conversation.unpack(b"no") is None
    assert Conversation.unpack(b'{"tenant":1}') is None


async def listed(stage: Recall, name: str, tenant: str = "one", **query: str) -> dict:
    asked = Request("input_items", json.dumps(query).encode() if query else b"", subject=name)
    one = exchange(asked, tenant)
    assert stage.judge(one) is Verdict.WAIT
    await stage.attend(one)
    return json.loads(one.reply.body)


async def test_what_a_response_was_made_of_is_listed_with_ids_and_in_parts():
    stage = recall()
    await answered(await asked(stage, input="Hello"), body("resp_a"))
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
    more = [{"role": "assistant", "content": "Well"}, call]
    await answered(await asked(stage, input=more, previous_response_id="resp_a"), body("resp_b"))
    found = await listed(stage, "resp_b", order="asc")
    first, answer, second, third = found["data"]
    assert first["content"] == [{"type": "input_text", "text": "Hello"}]
    assert (first["id"], first["type"], first["status"]) == ("msg_b_0", "message", "completed")
    assert answer["content"] == SAID[0]["content"]
    assert second["content"] == [{"type": "output_text", "text": "Well", "annotations": []}]
    assert third == call
    assert (found["object"], found["first_id"], found["last_id"], found["has_more"]) == (
        "list",
        "msg_b_0",
        "fc_1",
        False,
    )
    assert (await listed(stage, "resp_b"))["data"] == found["data"][::-1]


async def test_items_are_listed_page_by_page():
    stage = recall()
    items = [{"role": "user", "content": str(number)} for number in range(25)]
    await answered(await asked(stage, input=items), body("resp_a"))
    first = await listed(stage, "resp_a")
    assert (len(first["data"]), first["data"][0]["content"][0]["text"], first["has_more"]) == (20, "24", True)
    rest = await listed(stage, "resp_a", after=first["last_id"], limit="100")
    assert [item["content"][0]["text"] for item in rest["data"]] == ["4", "3", "2", "1", "0"]
    assert rest["has_more"] is False
    beyond = await listed(stage, "resp_a", after=rest["last_id"])
    assert (beyond["data"], beyond["first_id"], beyond["last_id"]) == ([], None, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"order": "up"}, "order"),
        ({"after": "msg_9"}, "after"),
    ],
)
async def test_page_that_is_none_is_refused(query, field):
    stage = recall()
    await answered(await asked(stage), body("resp_a"))
    with pytest.raises(InvalidRequest) as caught:
        await listed(stage, "resp_a", **query)
    assert caught.value.param == field


async def test_items_of_anothers_response_are_not_listed():
    stage = recall()
    await answered(await asked(stage), body("resp_a"))
    with pytest.raises(NotFound, match="resp_a"):
        await listed(stage, "resp_a", "two")


async def test_only_what_was_made_in_the_background_can_be_cancelled():
    stage = recall()
    await answered(await asked(stage), body("a"))
    with pytest.raises(InvalidRequest, match="Cannot cancel a synchronous response"):
        await shown(stage, "a", operation="cancel_response")
    with pytest.raises(NotFound, match="'b'"):
        await shown(stage, "b", operation="cancel_response")
    assert await shown(stage, "a") == body("a")


async def test_counting_goes_on_from_a_response_and_makes_none():
    stage = recall()
    await answered(await asked(stage), body("a"))
    one = exchange(request("count_responses", model="m", input="More", previous_response_id="a"))
    await stage.attend(one)
    assert one.request.recalled is not None
    assert (one.on_reply, one.taps) == ([], [])
