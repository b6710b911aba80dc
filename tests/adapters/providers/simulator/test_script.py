"""How much work an answer of the simulator is, and where that is done."""

import msgspec
import pytest
import trio

from sluicegate.adapters.providers.simulator import Simulator, SimulatorSettings
from sluicegate.adapters.providers.simulator.script import weight
from sluicegate.pipeline.exchange import Target
from sluicegate.pipeline.heavy import LARGE
from tests.conformance.provider_sample import ask


@pytest.mark.parametrize(
    ("settings", "url", "asked", "threaded"),
    [
        ({"tokens": 100}, "/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}, False),
        ({"tokens": 1000}, "/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}, True),
        ({"tokens": 100}, "/chat/completions", {"messages": [{"role": "user", "content": "Hi"}], "n": 100}, True),
        ({"tokens": 100}, "/completions", {"prompt": ["Hi"] * 100}, True),
        ({}, "/embeddings", {"input": ["Hi"]}, False),
        ({}, "/embeddings", {"input": ["Hi"] * 10, "dimensions": 8000}, True),
        ({}, "/chat/completions", {"messages": [{"role": "user", "content": "Hi" * 40_000}]}, True),
    ],
)
def test_what_takes_long_to_make_up_is_made_up_in_a_thread(settings, url, asked, threaded):
    made = SimulatorSettings(type="simulator", **settings)
    assert (weight(made, url, msgspec.json.encode(asked)) > LARGE) == threaded


async def test_a_long_answer_does_not_hold_up_other_tasks():
    """In real time. Made up at once, it would leave no turn to the other task."""
    settings = SimulatorSettings(type="simulator", tokens=20_000, tokens_per_second=0, first_token=0)
    simulator = Simulator("simulator", settings)
    turns = 0

    async def others():
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(others)
        await trio.lowlevel.checkpoint()
        turns = 0
        await simulator.transport().send(simulator.encode(ask(stream=True), Target("simulator", "echo")), connect=1.0)
        nursery.cancel_scope.cancel()
    assert turns > 2
