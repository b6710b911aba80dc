"""Make a gateway without a file: the builder takes the same names, and checks them just as well.

Run: python examples/builder.py
"""

import trio

from sluicegate import ConfigError, GatewayBuilder, open_gateway

BUILDER = (
    GatewayBuilder()
    .server(timeout="30s")
    .provider("sim", type="simulator", tokens=20, first_token=0, tokens_per_second=0)
    .model("fast", "sim/small")
    .stage("limit", requests=["2/min"])
    .stage("filter", blocked_words=["flood"])
    .stage("cache", enabled=False)
)


async def main() -> None:
    async with open_gateway(BUILDER, environ={}) as gateway:
        for text in ("Hello", "flood the valley", "How are you?", "And now?"):
            try:
                answer = await gateway.chat("fast", text, max_tokens=3)
            except Exception as error:
                print(f"{text!r}: {type(error).__name__}: {error}")
            else:
                print(f"{text!r}: {answer.text}")

    try:
        GatewayBuilder().provider("sim", type="simulator", tokns=20).build()
    except ConfigError as error:
        print(error)


trio.run(main)
