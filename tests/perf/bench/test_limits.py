"""The cost of limits: with and without them in one run, and all of it where it belongs."""

import pytest
import trio
import trio.testing

from sluicegate.adapters.stores.memory import MemoryStore
from sluicegate.perf.bench.limits import KEY, LIMITED, gateway, main, request
from sluicegate.pipeline.request import Request

REPORT = "<!-- limits: written by a program -->\n<!-- end of limits -->\n"


@pytest.mark.redis
def test_figures_of_every_store_stand_in_the_report_beside_those_without_limits(tmp_path, capsys):
    report = tmp_path / "REPORT.md"
    report.write_text(REPORT)
    assert main(["--report", str(report), "--calls", "64"]) == 0
    text, printed = report.read_text(), capsys.readouterr().out
    for store in ("memory", "memory of several workers", "Redis"):
        row = f"a key, three limits and a budget, {store}: added to a chat"
        assert f"| {row} |" in text
        assert row in printed


async def test_what_is_measured_is_limited_and_paid(nursery):
    running = gateway(LIMITED, MemoryStore())
    await nursery.start(running.run)
    exchange = await running.ask(Request("chat", request("openai", stream=False).body, credential=KEY))
    assert {name for name, _ in exchange.headers} >= {"x-ratelimit-limit-requests", "x-ratelimit-limit-tokens"}
    assert exchange.cost is not None
    assert exchange.cost > 0
    await trio.testing.wait_all_tasks_blocked()
    assert exchange.on_settle == []
