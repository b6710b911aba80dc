"""Many callers, a real Redis, and everything that can happen to it."""

import logging
import time
from random import Random

import pytest
import trio
from redis.exceptions import DataError, ResponseError

from sluicegate.pipeline.errors import StoreUnavailable
from tests.adapters.stores.redis.running import multiplexer, running, until_back

pytestmark = pytest.mark.redis
SEED = 20261125
TIMEOUT = 0.05
SLACK = 0.25
"""Seconds that this machine may add, busy as it is."""


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
async def test_a_storm_of_half_cancelled_calls_mixes_up_no_reply(shared_redis, seed):
    """Each caller reads keys whose values say whose they are; half of the calls are given up at some instant."""
    print("seed", seed)
    chance = Random(seed)
    given_up = answered = 0

    async def caller(number: int, random: Random) -> None:
        nonlocal given_up, answered
        for at in range(100):
            key = f"storm:{number}:{at % 7}"
            with trio.move_on_after(random.choice([0.0, random.expovariate(2000.0), random.expovariate(300.0), 60.0])):
                if random.random() < 0.5:
                    assert await commands.set(key, key * random.randrange(1, 300)) is True
                else:
                    value = await commands.get(key)
                    assert value is None or value.startswith(key.encode()), (key, value[:40])
                    assert value is None or value.count(key.encode()) * len(key) == len(value)
                answered += 1
                continue
            given_up += 1

    async with running(multiplexer(f"{shared_redis.url}/5")) as commands:
        async with trio.open_nursery() as nursery:
            for number in range(64):
                nursery.start_soon(caller, number, Random(chance.random()))
        assert await commands.ping() is True
    assert given_up > 500
    assert answered > 500


async def test_push_messages_between_replies_are_no_replies(shared_redis):
    carrier = multiplexer(shared_redis.url)
    async with running(carrier) as commands, running(multiplexer(shared_redis.url)) as other:
        # What `Commands` refuses, since everybody on the connection would be told: here it is what the test wants.
        await commands._ask(b"*4\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n")
        for at in range(200):
            await other.set("pushed", at)
            assert await commands.get("pushed") == str(at).encode()


@pytest.mark.parametrize(
    "ask",
    [
        lambda commands: commands.blpop("list", timeout=1),
        lambda commands: commands.xread({"stream": "0"}, block=1000),
        lambda commands: commands.execute_command("SELECT", 3),
        lambda commands: commands.execute_command("SUBSCRIBE", "channel"),
        lambda commands: commands.execute_command("CLIENT TRACKING", "ON"),
    ],
)
async def test_what_needs_a_connection_of_its_own_is_refused(shared_redis, ask):
    async with running(multiplexer(shared_redis.url)) as commands:
        with pytest.raises(DataError, match="needs a connection of its own"):
            await ask(commands)


async def test_what_can_be_sent_and_read_is_what_redis_py_makes_of_it(shared_redis):
    async with running(multiplexer(f"{shared_redis.url}/6")) as commands:
        assert await commands.hset("hash", mapping={"a": 1, "b": "two"}) == 2
        assert await commands.hgetall("hash") == {b"a": b"1", b"b": b"two"}
        assert await commands.xread({"stream": "0"}) == {}
        assert (await commands.info("server"))["redis_mode"] == "standalone"
        with pytest.raises(ResponseError, match="wrong kind of value"):
            await commands.get("hash")
        with pytest.raises(DataError):
            await commands.set("key", object())


async def timed(call):
    """Return what a call gives or raises, and how long that took."""
    begun = time.perf_counter()
    try:
        outcome = await call
    except StoreUnavailable as error:
        outcome = error
    return outcome, time.perf_counter() - begun


async def test_a_redis_that_is_killed_costs_nothing_and_is_found_when_it_is_back(redis_server, caplog):
    caplog.set_level(logging.INFO)
    async with running(multiplexer(redis_server.url, TIMEOUT)) as commands:
        await until_back(commands)
        redis_server.kill()
        for _ in range(20):
            outcome, took = await timed(commands.ping())
            assert isinstance(outcome, StoreUnavailable)
            assert took < TIMEOUT + SLACK
        await trio.sleep(0.2)
        costs = sorted([(await timed(commands.ping()))[1] for _ in range(200)])
        assert costs[100] < 0.002  # fails at once: 200 of these would take 10 s if each waited
        redis_server.start()
        assert await until_back(commands) < 1.5 + SLACK
        assert await commands.set("again", 1)
    told = [record.getMessage() for record in caplog.records if record.name == "sluicegate.stores"]
    assert len(told) == 2
    assert told[0].startswith(f"store shared: 127.0.0.1:{redis_server.port} is away: ")
    assert "is back after" in told[1]


async def test_a_frozen_redis_costs_one_timeout_and_then_nothing(redis_server):
    async with running(multiplexer(redis_server.url, TIMEOUT)) as commands:
        await until_back(commands)
        redis_server.freeze()
        costs = []

        async def caller() -> None:
            for _ in range(20):
                outcome, took = await timed(commands.ping())
                assert isinstance(outcome, StoreUnavailable)
                costs.append(took)

        async with trio.open_nursery() as nursery:
            for _ in range(16):
                nursery.start_soon(caller)
        assert sum(took > TIMEOUT / 2 for took in costs) <= 16  # each of those that were there first
        assert max(costs) < TIMEOUT + SLACK
        redis_server.thaw()
        assert await until_back(commands) < 1.5 + SLACK


async def test_a_redis_that_is_away_takes_no_processor(redis_server):
    redis_server.kill()
    async with running(multiplexer(redis_server.url, TIMEOUT)):
        await trio.sleep(0.3)
        begun = time.process_time()
        await trio.sleep(1.0)
        assert time.process_time() - begun < 0.2


async def test_a_connection_that_the_server_closes_is_made_again(redis_server):
    async with running(multiplexer(redis_server.url)) as commands, running(multiplexer(redis_server.url)) as other:
        await trio.sleep(1.1)  # a link that has not held for a second counts as one that cannot be kept
        ours = await commands.client_id()
        await other.client_kill_filter(_id=str(ours))
        await trio.sleep(0.05)
        assert await commands.ping()
        assert await commands.client_id() != ours


async def test_who_waits_for_the_first_connection_waits_no_longer_than_for_a_reply():
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")  # accepts, and says nothing
        port = listener.socket.getsockname()[1]
        async with running(multiplexer(f"redis://127.0.0.1:{port}", TIMEOUT)) as commands:
            outcome, took = await timed(commands.ping())
            assert isinstance(outcome, StoreUnavailable)
            assert TIMEOUT / 2 < took < TIMEOUT + SLACK
            assert (await timed(commands.ping()))[1] < TIMEOUT / 2
        await listener.aclose()
        nursery.cancel_scope.cancel()


async def test_no_message_and_no_repr_has_the_password(redis_server, caplog):
    caplog.set_level(logging.DEBUG)
    carrier = multiplexer(f"redis://nobody:s3cr3t@127.0.0.1:{redis_server.port}", TIMEOUT)
    async with running(carrier) as commands:
        outcome, _ = await timed(commands.ping())
    told = [repr(carrier), repr(vars(carrier)), repr(outcome), str(outcome), caplog.text]
    assert "does not take our user and password" in caplog.text
    assert "s3cr3t" not in "".join(told)
