"""Live lists of models from an upstream on a real socket to the answer of ``GET /v1/models``."""

import msgspec
import pytest
import trio

from sluicegate.pipeline.errors import NotFound
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.request import Request
from tests.upstreams.faulty import Break, FaultyUpstream, answer

from .test_call_keys import FIRST, SECOND, gateway_before, sent

LIVE = f"api_key: {FIRST}, list_models: 20ms, model_mapping: {{mine: one}}"


def listing(*names: str) -> list:
    return answer(msgspec.json.encode({"data": [{"id": name} for name in names]}))


async def names(gateway: Gateway, **headers: str) -> list[str]:
    exchange = await gateway.ask(Request("models", headers=headers))
    return [one["id"] for one in msgspec.json.decode(exchange.reply.body)["data"]]


async def until(gateway: Gateway, *wanted: str) -> None:
    found: list[str] = []
    for _ in range(1000):
        found = await names(gateway)
        if found == list(wanted):
            return
        await trio.sleep(0.005)
    raise AssertionError(f"these are listed: {found}")


async def test_a_list_is_joined_with_what_is_configured_and_kept_fresh():
    script = [listing("one"), listing("one", "two"), answer(b"{}", 500), [Break.STALL]]
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, LIVE) as gateway:
        assert await names(gateway) == ["up/mine"]
        await until(gateway, "up/mine", "up/one")
        await until(gateway, "up/mine", "up/one", "up/two")
        for _ in range(1000):
            if len(upstream.visits) == len(script):
                break
            await trio.sleep(0.005)
        assert await names(gateway, **{"anthropic-version": "2023-06-01"}) == ["up/mine", "up/one", "up/two"]
        assert (await gateway.ask(Request("model", subject="up/two"))).reply.status == 200
        with pytest.raises(NotFound, match="did you mean"):
            await gateway.ask(Request("model", subject="up/tow"))
    assert set(sent(upstream)) == {FIRST}
    assert upstream.visits[0].head.startswith(b"GET /v1/models HTTP/1.1\r\n")


async def test_nothing_is_asked_unasked():
    async with FaultyUpstream().serving() as upstream, gateway_before(upstream, f"api_key: {FIRST}") as gateway:
        await names(gateway)
        await trio.sleep(0.05)
    assert upstream.visits == []


async def test_of_several_keys_the_first_asks():
    settings = f"list_models: 1h, api_keys: [{{key: {FIRST}}}, {{key: {SECOND}}}]"
    async with FaultyUpstream(listing("one")).serving() as upstream, gateway_before(upstream, settings) as gateway:
        await until(gateway, "up/one")
    assert sent(upstream) == [FIRST]
