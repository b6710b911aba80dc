"""Two gateways on one real Redis: what one has answered the other knows; and what becomes of both without it."""

import json
import time
from contextlib import asynccontextmanager

import pytest
import trio

from sluicegate.assembly import build
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.errors import NotFound, StoreUnavailable
from sluicegate.pipeline.registry import Registry
from sluicegate.testing import chat, request

pytestmark = pytest.mark.redis
TIMEOUT = 0.05
SLACK = 0.5
"""Seconds that this machine may add to a request, busy as it is."""
CONFIG = """
stores: {{ shared: {{ type: redis, url: "{url}", timeout: {timeout}, on_failure: {policy}, prefix: "{prefix}" }} }}
auth: {{ api_keys: [{{ key: the-key-of-ann-000, name: ann }}, {{ key: the-key-of-bob-000, name: bob }}] }}
recall: {{ store: shared }}
cache: {{ store: shared }}
providers: {{ sim: {{ type: simulator, tokens: 3, first_token: 1ms, tokens_per_second: 10000 }} }}
"""
ANN, BOB = "the-key-of-ann-000", "the-key-of-bob-000"


@asynccontextmanager
async def gateways(server, count=2, *, policy="open", timeout="2s", prefix="two:"):
    text = CONFIG.format(url=server.url, policy=policy, timeout=timeout, prefix=prefix)
    async with trio.open_nursery() as nursery:
        made = [build(load(text, {}, Registry()).config) for _ in range(count)]
        for gateway in made:
            await nursery.start(gateway.run)
        yield made
        nursery.cancel_scope.cancel()


def asking(key, **fields):
    asked = chat(model="sim/any", **fields)
    asked.credential = key
    return asked


async def said(gateway, words, key=ANN, **fields):
    """Ask for a response, and return the exchange and the response's id once all of it has come."""
    asked = request("responses", model="sim/any", input=words, **fields)
    asked.credential = key
    if not fields.get("stream"):
        exchange = await gateway.ask(asked)
        return exchange, json.loads(exchange.reply.body)["id"]
    async with gateway.stream(asked) as flow:
        async for batch in flow:
            for chunk in batch:
                if chunk.event == "response.completed":
                    return flow.exchange, json.loads(chunk.data)["response"]["id"]
    raise AssertionError("the stream has no end")


@pytest.mark.parametrize("stream", [False, True])
async def test_what_one_gateway_has_said_the_other_goes_on_from_and_no_other_tenant(shared_redis, stream):
    async with gateways(shared_redis) as (one, two):
        _, first = await said(one, "Hello", stream=stream)
        exchange, second = await said(two, "More", previous_response_id=first, stream=stream)
        assert len(exchange.request.recalled.items) == 2
        exchange, _ = await said(one, "And more", previous_response_id=second)
        assert len(exchange.request.recalled.items) == 4
        with pytest.raises(NotFound, match="there is no response"):
            await said(two, "Mine too?", BOB, previous_response_id=first)


async def test_an_answer_of_one_gateway_is_a_hit_in_the_other_and_for_no_other_tenant(shared_redis):
    async with gateways(shared_redis, prefix="cached:") as (one, two):
        for gateway, key, expected in (
            (one, ANN, "miss"),
            (two, ANN, "hit"),
            (two, BOB, "miss"),
            (one, BOB, "hit"),
        ):
            exchange = await gateway.ask(asking(key))
            assert exchange.notes["cache"] == expected
            await gateway.topology.settle.idle()


class Load:
    """Callers that ask without pause, each time something new, and what became of it."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.slowest = 0.0
        self.answered = self.refused = 0
        self.stopped = False

    async def caller(self, number):
        at = 0
        while not self.stopped:
            at += 1
            messages = [{"role": "user", "content": f"{number}:{at}:{time.monotonic()}"}]
            begun = time.perf_counter()
            try:
                await self.gateway.ask(asking(ANN, messages=messages))
                self.answered += 1
            except StoreUnavailable:
                self.refused += 1
                await trio.sleep(0.001)
            self.slowest = max(self.slowest, time.perf_counter() - begun)

    async def phase(self, seconds):
        """Return what became of the requests of some seconds: answered, refused, and the slowest."""
        self.slowest, self.answered, self.refused = 0.0, 0, 0
        await trio.sleep(seconds)
        return self.answered, self.refused, self.slowest

    async def until_back(self):
        """Wait until the store can be used again: attempts are at most a second apart."""
        with trio.fail_after(1.5 + SLACK):
            while True:
                try:
                    await self.gateway.resources.stores["shared"].get("anything")
                except StoreUnavailable:
                    await trio.sleep(0.01)
                else:
                    return


@asynccontextmanager
async def loaded(server, policy):
    async with gateways(server, 1, policy=policy, timeout="50ms") as (gateway,), trio.open_nursery() as nursery:
        load = Load(gateway)
        for number in range(8):
            nursery.start_soon(load.caller, number)
        yield load
        load.stopped = True


@pytest.mark.parametrize("policy", ["open", "closed"])
@pytest.mark.parametrize(
    ("harm", "heal"), [("kill", "start"), ("freeze", "thaw")], ids=["killed, back empty", "frozen"]
)
async def test_a_redis_that_goes_during_load_costs_a_bounded_time_and_is_used_again_by_itself(
    redis_server, policy, harm, heal
):
    async with loaded(redis_server, policy) as load:
        await load.phase(0.3)
        answered, _, usual = await load.phase(0.3)
        assert answered
        getattr(redis_server, harm)()
        _, _, worst = await load.phase(0.2)
        answered, refused, slowest = await load.phase(0.3)
        print(f"{policy}, {harm}: slowest {usual:.3f} s before, {worst:.3f} s when it went, {slowest:.3f} s after")
        assert worst < TIMEOUT + SLACK
        assert (answered > 0, refused > 0) == (policy == "open", policy == "closed")
        assert slowest < TIMEOUT + SLACK
        getattr(redis_server, heal)()
        await load.until_back()
        answered, refused, slowest = await load.phase(0.3)
        assert answered > 0
        assert refused == 0
        assert slowest < TIMEOUT + SLACK


class Slow:
    """A proxy in front of a Redis that holds each answer back for a while."""

    def __init__(self, port):
        self.delay = 0.0
        self._behind = port
        self.port = 0

    async def run(self, *, task_status):
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listener.socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._carry, [listener])

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    async def _carry(self, client):
        server = await trio.open_tcp_stream("127.0.0.1", self._behind)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._pump, client, server, False, nursery.cancel_scope)
            nursery.start_soon(self._pump, server, client, True, nursery.cancel_scope)

    async def _pump(self, source, sink, delayed, scope):
        try:
            while data := await source.receive_some():
                if delayed:
                    await trio.sleep(self.delay)
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()


async def test_a_redis_that_is_too_slow_is_gone_without_until_it_is_quick_again(redis_server):
    async with trio.open_nursery() as nursery:
        slow = Slow(redis_server.port)
        await nursery.start(slow.run)
        async with loaded(slow, "open") as load:
            await load.phase(0.3)
            slow.delay = 0.2
            await load.phase(0.3)
            answered, _, slowest = await load.phase(0.5)
            assert answered > 100  # with 50 ms for each there would be 80
            assert slowest < TIMEOUT + SLACK
            slow.delay = 0.0
            await load.until_back()
            exchange = await load.gateway.ask(asking(ANN))
            await load.gateway.topology.settle.idle()
            exchange = await load.gateway.ask(asking(ANN))
            assert exchange.notes["cache"] == "hit"
        nursery.cancel_scope.cancel()
