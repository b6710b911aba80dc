"""Tokens are counted by a provider that can, and estimated where none can; the answer says which."""

from typing import Any

import msgspec
import pytest

from sluicegate.pipeline.errors import UnsupportedEndpoint, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider
from sluicegate.pipeline.reply import Reply, Usage
from tests.adapters.http.harness import house
from tests.upstreams.parrot import Parrot, Told, parrot

COUNT = "/v1/messages/count_tokens"
ASKED = {"model": "any", "messages": [{"role": "user", "content": "a" * 400}]}
ANY = {"any": {"strategy": "fallback", "targets": ["abacus/wood", "bird/grey"]}}
PROVIDERS = {name: {"type": kind, "max_retries": 0} for name, kind in (("abacus", "abacus"), ("bird", "parrot"))}


class Abacus(Parrot):
    """Counts, by the places of what it is told to say, if it can."""

    can = True

    def counts_tokens(self, exchange: Exchange) -> bool:
        return self.can

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        return UpstreamRequest("POST", "abacus:", body=exchange.request.body)

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        return Reply(body=msgspec.json.encode({"input_tokens": 42})), None


def abacus(*told: Told, can: bool = True) -> type[Abacus]:
    kind = type("OneAbacus", (Abacus,), {"heard": [], "told": list(told), "can": can})
    return provider("abacus", summary="Counts.")(kind)


async def count(*told: Told, can: bool = True, times: int = 1) -> tuple[Any, list[dict[str, Any]]]:
    """Return the last of several answers, and the log."""
    async with house(abacus(*told, can=can), parrot(), providers=PROVIDERS, models=ANY) as running:
        for _ in range(times):
            answer = await running.ask("POST", COUNT, ASKED)
            await running.until_idle()
        assert answer.status == 200
        return answer, running.records


async def test_a_provider_that_counts_is_asked():
    answer, (record,) = await count([])
    assert answer.json == {"input_tokens": 42}
    assert "x-sluicegate-estimated" not in answer.headers
    assert (record["provider"], record["attempts"], record["status"]) == ("abacus", 1, 200)


async def test_a_count_costs_no_tokens():
    _, (record,) = await count([])
    assert (record["input_tokens"], record["output_tokens"]) == (0, 0)


async def test_a_providers_count_is_kept_by_the_cache():
    answer, records = await count([], times=2)
    assert answer.json == {"input_tokens": 42}
    assert [record["cache"] for record in records] == ["miss", "hit"]


@pytest.mark.parametrize(("told", "can"), [((), False), ((UpstreamError("down"),), True)], ids=["cannot", "is down"])
async def test_tokens_are_estimated_where_nobody_counts(told, can):
    answer, _ = await count(*told, can=can)
    assert answer.json == {"input_tokens": 100}
    assert answer.headers["x-sluicegate-estimated"] == "input_tokens"


async def test_tokens_are_estimated_where_the_provider_does_not_count_with_this_model():
    answer, (record,) = await count(UnsupportedEndpoint("cannot count"))
    assert answer.json == {"input_tokens": 100}
    assert answer.headers["x-sluicegate-estimated"] == "input_tokens"
    assert (record["status"], record["attempts"]) == (200, 1)


async def test_an_estimate_is_not_kept_and_says_what_it_is_each_time():
    answer, records = await count(can=False, times=2)
    assert answer.headers["x-sluicegate-estimated"] == "input_tokens"
    assert [record["cache"] for record in records] == ["miss", "miss"]


async def test_a_large_conversation_is_estimated_as_well():
    asked = {**ASKED, "messages": [{"role": "user", "content": "a" * 120_000}]}
    async with house(parrot(), providers={"bird": PROVIDERS["bird"]}) as running:
        assert (await running.ask("POST", COUNT, {**asked, "model": "bird/x"})).json == {"input_tokens": 30_000}
