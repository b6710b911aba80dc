"""Print an answer word by word, and stop one that takes too long.

The program's own cancel scope ends the upstream call: nothing goes on in the background, and nothing more is paid for.

Run: python examples/library_stream.py
"""

import trio

from sluicegate import GatewayBuilder, open_gateway

SLOW = GatewayBuilder().provider("slow", type="simulator", first_token="50ms", tokens_per_second=20, tokens=200)


async def main() -> None:
    async with open_gateway(SLOW) as gateway:
        async with gateway.stream_chat("slow/echo", "Tell me about locks.", max_tokens=15) as stream:
            async for delta in stream:
                print(delta.text, end="", flush=True)
        print("\ntokens:", stream.usage and stream.usage.output)

        words = 0
        with trio.move_on_after(0.5) as patience:
            async with gateway.stream_chat("slow/echo", "Tell me everything.") as stream:
                async for delta in stream:
                    words += bool(delta.text)
        print("gave up:", patience.cancelled_caught, "- after", "some" if 0 < words < 200 else words, "words")
        print("still in flight:", gateway.gateway.in_flight)


trio.run(main)
