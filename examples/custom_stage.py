"""Write a stage: refuse questions outside office hours, and mark every other request.

A stage has `judge` (decides at once), `attend` (may wait), or both; docs/stages.md has more.

Run: python examples/custom_stage.py
"""

import datetime

import msgspec
import trio

from sluicegate import GatewayBuilder, GatewayError, open_gateway
from sluicegate.pipeline.errors import Forbidden
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Verdict


class OfficeHoursSettings(msgspec.Struct, kw_only=True, frozen=True):
    """When requests are taken, as hours of the day in UTC."""

    opens: int = 8
    closes: int = 18


@stage("office_hours", summary="Takes requests in office hours only.", settings=OfficeHoursSettings)
class OfficeHours:
    """Refuses what comes too early or too late."""

    def __init__(self, settings: OfficeHoursSettings, resources: Resources) -> None:
        self._hours = range(settings.opens, settings.closes)
        self._wall = resources.wall

    def judge(self, exchange: Exchange) -> Verdict:
        hour = datetime.datetime.fromtimestamp(self._wall(), datetime.UTC).hour
        if hour not in self._hours:
            raise Forbidden(
                f"it is {hour} o'clock; ask between {self._hours.start} and {self._hours.stop}", code="closed"
            )
        exchange.headers.append(("x-office-hour", str(hour)))
        return Verdict.PASS


async def main() -> None:
    for closes in (24, 0):
        builder = GatewayBuilder().use(OfficeHours).provider("sim", type="simulator")
        builder.pipeline("validate", "office_hours", "route", "call", "meter")
        builder.stage("office_hours", opens=0, closes=closes)
        async with open_gateway(builder) as gateway:
            try:
                answer = await gateway.chat("sim/echo", "Hello", max_tokens=2)
                print("open:", answer.text, answer.exchange.headers)
            except GatewayError as error:
                print("closed:", error.status, error.code)


trio.run(main)
