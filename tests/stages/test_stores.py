"""What the stages that keep something do while their store cannot be used, as they or the store are told."""

import json

import pytest

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.errors import StoreUnavailable
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict
from sluicegate.stages.cache import Cache, CacheSettings
from sluicegate.stages.recall import Recall, RecallSettings
from sluicegate.testing import chat, request
from tests.conformance.away_store import AwayStore

# Of the store, of the stage, and whether requests are refused then.
POLICIES = [
    ("open", None, False),
    ("closed", None, True),
    ("open", "closed", True),
    ("closed", "open", False),
]
RESPONSE = json.dumps({"id": "resp_1", "status": "completed", "output": []}).encode()


def resources(of_store: str) -> Resources:
    closed = frozenset({"shared"}) if of_store == "closed" else frozenset()
    return Resources(stores={"memory": MemoryStore(), "shared": AwayStore()}, closed_stores=closed)


def exchange(asked: Request) -> Exchange:
    return Exchange(asked, deadline=60.0, started=0.0)


@pytest.mark.parametrize(("of_store", "of_stage", "refuses"), POLICIES)
async def test_the_cache_asks_the_model_or_refuses(of_store, of_stage, refuses):
    stage = Cache(CacheSettings(store="shared", on_failure=of_stage), resources(of_store))
    one = exchange(chat())
    assert stage.judge(one) is Verdict.WAIT
    if refuses:
        with pytest.raises(StoreUnavailable):
            await stage.attend(one)
        return
    assert await stage.attend(one) is Verdict.PASS
    assert one.notes["cache"] == "bypass"


@pytest.mark.parametrize(("of_store", "of_stage", "refuses"), POLICIES)
async def test_recall_takes_responses_for_unknown_or_refuses(of_store, of_stage, refuses):
    stage = Recall(RecallSettings(store="shared", on_failure=of_stage), resources(of_store))
    one = exchange(request("responses", model="m", input="More", previous_response_id="resp_1"))
    assert stage.judge(one) is Verdict.WAIT
    if refuses:
        with pytest.raises(StoreUnavailable):
            await stage.attend(one)
        return
    assert await stage.attend(one) is Verdict.PASS
    assert one.request.recalled is None


@pytest.mark.parametrize("operation", ["response", "delete_response"])
async def test_who_asks_for_a_response_itself_is_not_told_that_there_is_none(operation):
    stage = Recall(RecallSettings(store="shared"), resources("open"))
    with pytest.raises(StoreUnavailable):
        await stage.attend(exchange(Request(operation, subject="resp_1")))


@pytest.mark.parametrize("of_store", ["open", "closed"])
async def test_an_answer_that_cannot_be_kept_is_an_answer(of_store):
    stage = Recall(RecallSettings(store="shared"), resources(of_store))
    one = exchange(request("responses", model="m", input="Hello"))
    assert stage.judge(one) is Verdict.PASS
    one.reply = Reply(body=RESPONSE)
    for hook in one.on_reply:
        if (waiting := hook(one)) is not None:
            await waiting
    assert one.reply.body == RESPONSE


@pytest.mark.parametrize(("stage", "settings"), [(Cache, CacheSettings), (Recall, RecallSettings)])
def test_a_store_that_there_is_not_is_no_store(stage, settings):
    with pytest.raises(ValueError, match="there is no store 'elsewhere'"):
        stage(settings(store="elsewhere"), resources("open"))
