"""Resources close what they hold, all of it."""

import trio
import trio.testing

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.pipeline.config.sections import ProviderSettings
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.resources import Resources
from sluicegate.testing import SpyOutlet, chat, gateway_of, settling, waiting
from tests.stages.exchanges import KnownModels


class Transport:
    def __init__(self, seconds=0.0, error=None):
        self.closed = []
        self._seconds = seconds
        self._error = error

    async def aclose(self):
        await trio.sleep(self._seconds)
        self.closed.append(trio.current_time())
        if self._error is not None:
            raise self._error


def resources_of(**transports):
    settings = ProviderSettings(type="any")
    return Resources(
        providers={name: Provider(name, "any", settings, KnownModels(), one) for name, one in transports.items()}
    )


async def test_transport_that_raises_in_closing_is_logged_and_keeps_no_other_open(autojump_clock, caplog):
    broken, whole = Transport(error=OSError("no")), Transport()
    await resources_of(first=broken, second=whole).aclose()
    assert (broken.closed, whole.closed) == ([0.0], [0.0])
    assert "the connections of provider first could not be closed" in caplog.text


async def test_transports_are_closed_at_the_same_time_and_a_shared_one_once(autojump_clock):
    slow, shared = Transport(5.0), Transport(5.0)
    await resources_of(a=slow, b=shared, c=shared).aclose()
    assert (slow.closed, shared.closed) == ([5.0], [5.0])


class Remote(MemoryStore):
    """A store with a connection to keep, and a stage's hook that needs it at the very end."""

    def __init__(self):
        super().__init__()
        self.connected = 0

    async def run(self):
        self.connected += 1
        try:
            await trio.sleep_forever()
        finally:
            self.connected -= 1


async def test_a_store_is_connected_once_and_until_the_last_exchange_is_settled(autojump_clock):
    remote, seen = Remote(), []

    async def work(exchange):
        await trio.sleep(10)

    async def settle(exchange):
        await trio.sleep(0.1)
        seen.append(remote.connected)

    resources = Resources(stores={"memory": MemoryStore(), "shared": remote, "same": remote})
    stages = waiting(work), settling(settle)
    async with gateway_of(*stages, resources=resources) as gateway, trio.open_nursery() as nursery:
        nursery.start_soon(gateway.serve, gateway.exchange(chat()), SpyOutlet())
        await trio.testing.wait_all_tasks_blocked()
        assert remote.connected == 1
        nursery.cancel_scope.cancel()
    assert seen == [1]
    assert remote.connected == 0
