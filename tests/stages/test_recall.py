"""What is kept of responses, how long, and for whom."""

import inspect
import json

import pytest

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.conversation import Conversation
from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Chunk, ChunkKind, Reply
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
    one.reply = Reply(stream=Replay(()))
    await hooked(one.on_reply, one)
    data = b'{"type":"response.completed","response":' + response + b"}"
    for tap in one.taps:
        chunk = Chunk(data, ChunkKind.FINISH, "response.completed")
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
