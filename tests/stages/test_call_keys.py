"""Several keys of a provider, and keys of callers, as upstreams on real sockets see them."""

import logging
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio

from sluicegate.assembly import build
from sluicegate.pipeline.config.load import load
from sluicegate.pipeline.config.problems import ConfigError
from sluicegate.pipeline.errors import InvalidRequest, Unauthorized, UpstreamBusy, UpstreamRefused
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.passing import Passing
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.request import Request
from sluicegate.stages.parts.account import account
from tests.upstreams.faulty import FaultyUpstream, Script, answer, stream

from .calling import END, ROLE, body_of, word

FIRST, SECOND, OWN = "sk-first-0123456789", "sk-second-0123456789", "sk-callers-0123456789"
TWO = f"api_keys: [{{key: {FIRST}, weight: 3}}, {{key: {SECOND}}}]"
GOOD = answer(body_of())
SENT = re.compile(rb"authorization: Bearer (\S+)")


def refused(status: int, **headers: str) -> Script:
    return answer(b'{"error":{"message":"no"}}', status, **headers)


@asynccontextmanager
async def gateway_before(upstream: FaultyUpstream, settings: str, stages: str = "") -> AsyncIterator[Gateway]:
    text = f"""
pipeline: [validate, {stages} route, call]
providers:
  up: {{type: openai, base_url: {upstream.url}, retry_delay: 0s, {settings}}}
"""
    gateway = build(load(text, {}, Registry(), name="test").config)
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        yield gateway
        nursery.cancel_scope.cancel()


def chat(*, streams: bool = False, **keys: str) -> Request:
    body = {"model": "up/m", "messages": [{"role": "user", "content": "Hi"}], "stream": streams}
    return Request("chat", msgspec.json.encode(body), provider_keys=keys)


def listing_files() -> Request:
    return Request("files", passing=Passing("GET", "/files", provider="up"))


def sent(upstream: FaultyUpstream) -> list[str]:
    return [SENT.search(visit.head)[1].decode() if SENT.search(visit.head) else "" for visit in upstream.visits]


async def test_keys_are_used_by_their_weights():
    async with FaultyUpstream(*[GOOD] * 8).serving() as upstream, gateway_before(upstream, TWO) as gateway:
        for _ in range(8):
            await gateway.ask(chat())
    assert Counter(sent(upstream)) == {FIRST: 6, SECOND: 2}


@pytest.mark.parametrize("status", [401, 403, 402, 429])
async def test_a_key_that_fails_rests_and_the_caller_does_not_notice(status, caplog):
    script = [refused(status), *[GOOD] * 4]
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, TWO) as gateway:
        with caplog.at_level(logging.DEBUG):
            exchange = await gateway.ask(chat())
            for _ in range(3):
                await gateway.ask(chat())
        assert gateway.resources.breakers["up"].failures == 0
    assert sent(upstream) == [FIRST, SECOND, SECOND, SECOND, SECOND]
    assert [one.key for one in exchange.attempts] == [1, 2]
    assert account(exchange).key == 2
    assert "key 1 of 2 rests" in caplog.text
    assert FIRST not in caplog.text + repr(exchange) + repr(gateway.resources.providers)


async def test_retry_after_says_how_long_a_key_rests():
    script = [refused(429, retry_after_ms="50"), *[GOOD] * 5]
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, TWO) as gateway:
        await gateway.ask(chat())
        await trio.sleep(0.06)
        for _ in range(4):
            await gateway.ask(chat())
    assert sent(upstream)[:2] == [FIRST, SECOND]
    assert sent(upstream)[2:].count(FIRST) == 3


async def test_a_stream_changes_keys_before_its_first_content_too():
    good = stream(ROLE + word("fine"), END)
    async with (
        FaultyUpstream(refused(401), good).serving() as upstream,
        gateway_before(upstream, TWO) as gateway,
        gateway.stream(chat(streams=True)) as flow,
    ):
        assert [chunk async for batch in flow for chunk in batch]
    assert sent(upstream) == [FIRST, SECOND]


async def test_keys_share_the_budget_of_one_target():
    script = [refused(401)]
    settings = f"{TWO}, max_retries: 0"
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, settings) as gateway:
        with pytest.raises(UpstreamRefused):
            await gateway.ask(chat())
    assert sent(upstream) == [FIRST]


async def test_where_all_keys_are_refused_the_breaker_hears_of_it():
    script = [refused(401)] * 2
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, TWO) as gateway:
        with pytest.raises(UpstreamRefused):
            await gateway.ask(chat())
        assert gateway.resources.breakers["up"].failures == 1
        assert gateway.resources.providers["up"].keys.rests(trio.current_time()).keys() == {1, 2}
    assert sent(upstream) == [FIRST, SECOND]


async def test_no_key_is_named_where_there_is_one_or_it_is_the_callers():
    one = f"api_key: {FIRST}, callers_keys: true"
    async with FaultyUpstream(GOOD, GOOD).serving() as upstream, gateway_before(upstream, one) as gateway:
        exchanges = [await gateway.ask(chat()), await gateway.ask(chat(up=OWN))]
    assert sent(upstream) == [FIRST, OWN]
    assert [account(exchange).key for exchange in exchanges] == [None, None]


async def test_where_all_keys_are_to_wait_the_caller_is_told_for_how_long():
    script = [refused(429, retry_after="70")] * 2
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, TWO) as gateway:
        with pytest.raises(UpstreamBusy) as busy:
            await gateway.ask(chat())
    assert busy.value.retry_after == 70.0


async def test_what_is_passed_through_keeps_to_one_key_since_files_belong_to_accounts():
    script = [answer(b'{"data":[]}')] * 3 + [refused(401)]
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, TWO) as gateway:
        for _ in range(3):
            async with gateway.stream(listing_files()) as flow:
                assert [chunk async for batch in flow for chunk in batch]
        with pytest.raises(UpstreamRefused):
            async with gateway.stream(listing_files()):
                pass
    assert sent(upstream) == [FIRST] * 4


async def test_what_is_no_matter_of_keys_changes_none():
    script = [refused(500), GOOD]
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, TWO) as gateway:
        await gateway.ask(chat())
        assert gateway.resources.providers["up"].keys.resting(trio.current_time()) == 0
    assert sent(upstream) == [FIRST, FIRST]


async def test_a_callers_own_key_serves_that_call_alone():
    settings = f"api_key: {FIRST}, callers_keys: true"
    async with FaultyUpstream(GOOD, GOOD).serving() as upstream, gateway_before(upstream, settings) as gateway:
        request = chat(up=OWN)
        await gateway.ask(request)
        await gateway.ask(chat())
    assert sent(upstream) == [OWN, FIRST]
    assert OWN not in repr(request)


async def test_an_answer_to_a_callers_own_key_is_neither_kept_nor_looked_for():
    settings = f"api_key: {FIRST}, callers_keys: true"
    async with (
        FaultyUpstream(*[GOOD] * 3).serving() as upstream,
        gateway_before(upstream, settings, "cache,") as gateway,
    ):
        await gateway.ask(chat(up=OWN))
        await gateway.ask(chat())
        await gateway.ask(chat())
        await gateway.ask(chat(up=OWN))
    assert sent(upstream) == [OWN, FIRST, OWN]


async def test_a_bad_key_of_a_caller_opens_no_breaker_and_shows_nowhere(caplog):
    settings = f"api_key: {FIRST}, callers_keys: true, circuit_breaker: {{failures: 1}}"
    quoting = answer(b'{"error":{"message":"Incorrect API key: %s"}}' % OWN.encode(), 400)
    script = [refused(401), quoting, GOOD]
    async with FaultyUpstream(*script).serving() as upstream, gateway_before(upstream, settings) as gateway:
        with caplog.at_level(logging.DEBUG):
            for _ in range(2):
                with pytest.raises(Unauthorized, match="did not accept your key") as refusal:
                    await gateway.ask(chat(up=OWN))
                assert OWN not in str(refusal.value)
            await gateway.ask(chat())
    assert OWN not in caplog.text
    assert sent(upstream) == [OWN, OWN, FIRST]


async def test_a_callers_key_is_refused_where_it_is_not_wanted():
    async with FaultyUpstream().serving() as upstream, gateway_before(upstream, f"api_key: {FIRST}") as gateway:
        with pytest.raises(InvalidRequest, match="takes no keys of callers"):
            await gateway.ask(chat(up=OWN))
    assert upstream.visits == []


async def test_a_provider_may_have_no_key_but_those_of_callers():
    async with FaultyUpstream(GOOD).serving() as upstream, gateway_before(upstream, "callers_keys: true") as gateway:
        with pytest.raises(Unauthorized, match="send x-sluicegate-provider-key: up=KEY"):
            await gateway.ask(chat())
        with pytest.raises(InvalidRequest, match="cannot be sent"):
            await gateway.ask(chat(up="a\nb"))
        await gateway.ask(chat(up=OWN))
    assert sent(upstream) == [OWN]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("api_key: a, api_keys: [{key: b}]", "stands beside api_key"),
        ("api_keys: [{key: a}, {key: a}]", "is the same key as that of api_keys[0]"),
        ('api_keys: [{key: "a\\nb"}]', "has a character that no HTTP header may have"),
        ("api_keys: [{key: a, weight: 0}]", "weight"),
    ],
)
def test_keys_that_cannot_be_are_told_with_their_place(keys, told):
    text = f"providers: {{up: {{type: openai, {keys}}}}}"
    with pytest.raises(ConfigError) as wrong:
        load(text, {}, Registry(), name="test")
    assert told in str(wrong.value)


def test_keys_that_are_not_set_are_left_out_and_so_is_a_provider_without_any():
    text = 'providers: {up: {type: openai, api_keys: [{key: "${A:-}"}, {key: "${B:-}"}]}}'
    loaded = load(text, {}, Registry(), name="test")
    assert loaded.config.providers == {}
    assert "none of A, B is set" in "".join(map(str, loaded.problems))
    one = build(load(text, {"B": SECOND}, Registry(), name="test").config).resources.providers["up"]
    assert one.keys is None
    assert one.settings.api_key == SECOND


async def test_a_key_for_a_provider_that_takes_none_is_refused_whoever_is_asked():
    async with FaultyUpstream().serving() as upstream, gateway_before(upstream, "callers_keys: true") as gateway:
        for name in ("nobody", "upp"):
            with pytest.raises(InvalidRequest, match=f"provider '{name}' takes no keys of callers"):
                await gateway.ask(chat(**{name: OWN}))
    assert upstream.visits == []
