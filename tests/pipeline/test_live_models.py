"""Lists of models that are asked for in the background: when, what is kept, and what holds up nothing."""

import logging
from random import Random

import msgspec
import pytest
import trio
import trio.testing

from sluicegate.adapters.providers.anthropic import Anthropic, AnthropicSettings
from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.adapters.providers.perplexity import Perplexity, PerplexitySettings
from sluicegate.pipeline.config.kinds import Secret
from sluicegate.pipeline.errors import UpstreamError, UpstreamRefused, UpstreamTimeout
from sluicegate.pipeline.live_models import LiveModels
from sluicegate.pipeline.model_listing import MAX_MODELS, MAX_PAGES, Listing, list_models
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.resources import Resources
from sluicegate.testing import ScriptedResponse, ScriptedTransport, gateway_of, judging

KEY = Secret("sk-secret-of-the-gateway")


def listing(*names: str, wait: float = 0.0, **fields: object) -> ScriptedResponse:
    body = msgspec.json.encode({"data": [{"id": name} for name in names], **fields})
    return ScriptedResponse((0.0, body), wait=wait, headers={"content-type": "application/json"})


def failing(status: int = 500) -> ScriptedResponse:
    return ScriptedResponse((0.0, b'{"error":{"message":"no"}}'), status=status)


def provider(*answers: ScriptedResponse | Exception, interval: float = 60.0) -> Provider:
    settings = OpenAISettings(type="openai", api_key=KEY, list_models=interval)
    return Provider("up", "openai", settings, OpenAI("up", settings), ScriptedTransport(*answers))


def paged(*answers: ScriptedResponse) -> Provider:
    settings = AnthropicSettings(type="anthropic", api_key=KEY)
    return Provider("up", "anthropic", settings, Anthropic("up", settings), ScriptedTransport(*answers))


async def test_a_list_is_asked_for_at_the_start_and_after_each_interval(autojump_clock):
    live, one = LiveModels(), provider(listing("a"), listing("a", "b"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(live.run, {"up": one}, Random(1))
        await trio.sleep(1)
        assert live.of("up") == Listing(("a",), complete=True)
        assert live.version == 1
        await trio.sleep(70)
        assert live.of("up") == Listing(("a", "b"), complete=True)
        assert live.version == 2
        nursery.cancel_scope.cancel()


async def test_an_interval_of_0_never_asks(autojump_clock):
    live, one = LiveModels(), provider(interval=0.0)
    with trio.fail_after(1):
        await live.run({"up": one}, Random(1))
    assert one.transport.requests == []


async def test_where_there_is_no_list_the_log_says_so_and_nothing_is_asked(autojump_clock, caplog):
    settings = PerplexitySettings(type="perplexity", api_key=KEY, list_models=60.0)
    one = Provider("up", "perplexity", settings, Perplexity("up", settings), ScriptedTransport())
    with caplog.at_level(logging.WARNING), trio.fail_after(1):
        await LiveModels().run({"up": one}, Random(1))
    assert "provider up has no list of models" in caplog.text
    assert one.transport.requests == []


async def test_the_last_good_list_stays_where_asking_again_fails_and_the_log_says_so_once(autojump_clock, caplog):
    live, one = LiveModels(), provider(listing("a"), failing(), failing(), UpstreamError("gone"))
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            await live.refresh(one)
    assert live.of("up") == Listing(("a",), complete=True)
    assert live.version == 1
    assert [record.message for record in caplog.records] == [
        "the models of provider up could not be listed: provider 'up' answered 500: no"
    ]


async def test_a_provider_that_does_not_answer_delays_no_start(autojump_clock):
    one = provider(listing("a", wait=1000.0))
    resources = Resources(providers={"up": one})
    with trio.fail_after(0.5):
        async with gateway_of(judging(lambda exchange: None), resources=resources) as gateway:
            assert gateway.ready
            await trio.testing.wait_all_tasks_blocked()
            assert one.transport.requests
            assert gateway.ready


async def test_a_list_that_takes_too_long_is_given_up(autojump_clock):
    with pytest.raises(UpstreamTimeout, match="within 20 s"):
        await list_models(provider(listing("a", wait=1000.0)))
    assert trio.current_time() == pytest.approx(20.0)


async def test_pages_are_joined(autojump_clock):
    one = paged(listing("a", has_more=True, last_id="a"), listing("b", "a", has_more=False, last_id="b"))
    assert await list_models(one) == Listing(("a", "b"), complete=False)
    assert one.transport.requests[1][1].url.endswith("after_id=a")


async def test_a_list_without_end_is_cut(autojump_clock):
    one = paged(*[listing("a", has_more=True, last_id="a") for _ in range(MAX_PAGES + 1)])
    assert await list_models(one) == Listing(("a",), complete=False)
    assert len(one.transport.requests) == MAX_PAGES


async def test_no_more_names_are_kept_than_the_limit(autojump_clock):
    found = await list_models(provider(listing(*[f"m{at}" for at in range(MAX_MODELS + 5)])))
    assert len(found.models) == MAX_MODELS
    assert not found.complete


async def test_a_page_may_not_be_of_any_size(autojump_clock):
    huge = ScriptedResponse(*[(0.0, b" " * 1024 * 1024)] * 9, headers={"content-type": "application/json"})
    with pytest.raises(UpstreamError, match="more than 8388608 bytes"):
        await list_models(provider(huge))
    assert huge.closed is not None


async def test_a_refused_key_is_told_without_it(autojump_clock):
    body = b'{"error":{"message":"Incorrect API key provided: %s"}}' % KEY.encode()
    with pytest.raises(UpstreamRefused) as refusal:
        await list_models(provider(ScriptedResponse((0.0, body), status=401)))
    assert KEY not in refusal.value.message
