"""Print what recording costs: microseconds of this process' time that `record` adds to a request, by what it keeps.

64 exchanges are in flight at once, through a pipeline of one stage that answers, with `record` before it and without.
The body has 2 KB; a stream has 50 chunks that leave one by one. Each side alternates with the others inside one run,
and the best of five stands. Writing is included: it has all been done when the clock stops.

Run: ``python -m sluicegate.perf.recording``
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from random import Random

import msgspec
import trio

from sluicegate.adapters.stores.cassettes import Cassettes
from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas.decode import parse, type_body
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.pipeline.topology import Placed, compile_topology
from sluicegate.stages.record import Contents, Record, RecordSettings

TASKS = 64
ROUNDS = 30
REPEATS = 5
CHUNKS = 50
SIDES: tuple[Contents | None, ...] = (None, "drop", "keep", "mask")
"""What is kept; None stands for a pipeline without `record`."""


class Answer:
    """Answers at once: with a body, or with chunks that leave one by one."""

    def judge(self, exchange: Exchange) -> Verdict:
        """Answer."""
        exchange.reply = Reply(stream=_chunks()) if exchange.request.stream else Reply(body=b"{}")
        return Verdict.REPLY


async def _chunks() -> AsyncIterator[Batch]:
    for _ in range(CHUNKS):
        await trio.lowlevel.checkpoint()
        yield [Chunk(b'{"choices":[{"index":0,"delta":{"content":" word"}}]}', ChunkKind.CONTENT)]


def request(*, stream: bool) -> Request:
    """Return a chat request of 2 KB, as `validate` leaves it."""
    chance = Random(1)
    words = " ".join("".join(chr(97 + int(chance.random() * 26)) for _ in range(6)) for _ in range(280))
    asked = {"model": "demo", "messages": [{"role": "user", "content": words}], "stream": stream}
    body = msgspec.json.encode(asked)
    return Request("chat", body, credential="sk-a-key-of-a-caller", fields=parse(body), typed=type_body("chat", body))


async def cost(contents: Contents | None, *, stream: bool) -> float:
    """Return the seconds of processor time that one exchange takes."""
    with tempfile.TemporaryDirectory() as folder:
        resources = Resources(recorders=Cassettes())
        placed = [Placed("answer", Lane.REQUEST, Answer())]
        if contents is not None:
            stage = Record(RecordSettings(path=str(Path(folder)), contents=contents), resources)
            placed.insert(0, Placed("record", Lane.REQUEST, stage))
        gateway = Gateway(compile_topology(placed, max_in_flight=TASKS), ServerSettings(max_in_flight=TASKS), resources)
        asked = request(stream=stream)
        async with trio.open_nursery() as workers:
            await workers.start(gateway.run)
            began = time.process_time()
            async with trio.open_nursery() as clients:
                for _ in range(TASKS):
                    clients.start_soon(_client, gateway, asked)
            await gateway.topology.settle.idle()
            await resources.recorders.aclose()
            took = time.process_time() - began
            workers.cancel_scope.cancel()
    return took / (TASKS * ROUNDS)


async def _client(gateway: Gateway, asked: Request) -> None:
    for _ in range(ROUNDS):
        if asked.stream:
            async with gateway.stream(asked) as flow:
                async for _ in flow:
                    pass
        else:
            await gateway.ask(asked)


async def measure(*, stream: bool) -> dict[Contents | None, float]:
    """Return the best of five of each side, in seconds an exchange."""
    rounds = [{side: await cost(side, stream=stream) for side in SIDES} for _ in range(REPEATS)]
    return {side: min(each[side] for each in rounds) for side in SIDES}


def main() -> int:
    """Measure and print; return the exit code."""
    for name, stream in (("plain, 2 KB", False), (f"stream, 2 KB and {CHUNKS} chunks", True)):
        found = trio.run(partial(measure, stream=stream))
        bare = found.pop(None)
        print(f"{name}: {bare * 1e6:.0f} us without")
        for contents, took in found.items():
            print(f"  contents: {contents}  {(took - bare) * 1e6:6.1f} us more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
