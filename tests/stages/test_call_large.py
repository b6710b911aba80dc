"""What is large is translated in a thread, so that others go on meanwhile. In real time: threads know no other."""

import threading

import pytest

from sluicegate.pipeline.heavy import LARGE
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Usage
from sluicegate.testing import chat, embedding

from .calling import body_of, calling, script, whole

HERE = threading.current_thread()


class Watching:
    """A translator that does as another does, and notes in which threads."""

    def __init__(self, inner):
        self._inner = inner
        self.seen = {}

    def encode(self, exchange, target):
        self.seen["encode"] = threading.current_thread() is not HERE
        return self._inner.encode(exchange, target)

    def decode(self, exchange, head, body):
        self.seen["decode"] = threading.current_thread() is not HERE
        return self._inner.decode(exchange, head, body)


@pytest.mark.parametrize("asked", [10, LARGE + 1])
@pytest.mark.parametrize("answered", [10, LARGE + 1])
async def test_what_is_large_is_translated_in_a_thread_and_what_is_small_is_not(asked, answered):
    async with calling(script(whole("y" * answered))) as bench:
        provider = bench.resources.providers["a"]
        provider.translator = watching = Watching(provider.translator)
        exchange, _ = await bench.plain(chat("x" * asked))
    assert exchange.outcome is State.OK
    assert watching.seen == {"encode": asked > LARGE, "decode": answered > LARGE}
    assert exchange.usage == Usage(input=-(-asked // 4), output=-(-answered // 4), estimated=True)


async def test_a_large_answer_that_is_none_is_still_the_providers_fault():
    async with calling(script(whole(body=body_of("y" * LARGE)[:-1])), script(whole("fine"))) as bench:
        exchange, _ = await bench.plain()
    assert exchange.attempts[0].error.code == "upstream_error"
    assert exchange.notes["provider"] == "b"


async def test_numbers_of_an_embedding_are_not_read_for_text():
    """Only their absence can be seen: a text in an embedding would count."""
    body = b'{"object":"list","data":[{"object":"embedding","embedding":[0.5],"text":"abcdefgh"}]}'
    async with calling(script(whole(body=body))) as bench:
        exchange, _ = await bench.plain(embedding("x" * 8))
    assert exchange.usage == Usage(input=2, output=0, estimated=True)
