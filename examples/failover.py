"""Watch one provider take over from another that always fails, plain and streamed; the caller sees no error.

Run: python examples/failover.py
"""

from pathlib import Path

import trio

from sluicegate import open_gateway
from sluicegate.library import ChatStream

CONFIG = Path(__file__).parent / "config" / "failover.yaml"


def tell(stream: ChatStream) -> None:
    for attempt in stream.exchange.attempts:
        print(f"    asked {attempt.target}: {attempt.error.code if attempt.error else 'answered'}")


async def main() -> None:
    async with open_gateway(CONFIG) as gateway:
        for number in range(1, 4):
            async with gateway.stream_chat("steady", f"Question {number}") as stream:
                text = "".join([delta.text async for delta in stream])
            print(f"{number}: {stream.provider} answered after {stream.attempts} attempts: {text[:24]}...")
            tell(stream)
        breaker = gateway.gateway.resources.breakers["first"]
        print("breaker of first:", breaker.state(trio.current_time()).name.lower())


trio.run(main)
