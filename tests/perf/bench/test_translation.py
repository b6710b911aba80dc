"""The costs of translation: every provider stands in the table, and each reads what it is measured with."""

import msgspec
import pytest

from sluicegate.perf.bench.translation import PASSING, PROVIDERS, asked, measure_translation
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.registry import Registry

PROGRAMS = {"simulator", "custom", "mapped"}
"""Types that are no provider's API of their own."""


def test_every_provider_is_measured():
    assert set(Registry().provider_names()) - PROGRAMS == PROVIDERS.keys()


@pytest.mark.parametrize("dialect", PASSING)
@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_measured_is_understood(dialect, name):
    one = asked(dialect, name)
    assert 1900 < len(one.plain.body) < 2500
    exchange = Exchange(one.plain, 600.0, 0.0)
    one.translator.encode(exchange, one.target)
    reply, usage = one.translator.decode(exchange, UpstreamHead(200, {"content-type": "application/json"}), one.body)
    assert b"the water of this river runs" in reply.body
    assert (usage.input, usage.output) == (8, 40)
    exchange = Exchange(one.streamed, 600.0, 0.0)
    one.translator.encode(exchange, one.target)
    decoder = one.translator.decoder(exchange, one.stream_head)
    chunks = [chunk for event in one.events for chunk in decoder.feed(event)]
    chunks += decoder.finish()
    assert decoder.done
    texts = [msgspec.json.decode(chunk.data) for chunk in chunks]
    assert str(texts).count("weir") == 2
    assert decoder.usage.output == 40


def test_the_worst_stands_beside_its_target():
    rows = []
    shown = measure_translation(rows.append)
    assert len(rows) == 2
    assert len(shown.splitlines()) == 2 + len(PROVIDERS) * len(PASSING)
    assert "| openai | openai |" in shown
