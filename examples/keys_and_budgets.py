"""Keys of which each has limits and a budget of its own, and what a caller sees of them.

No server is started and no key for a provider is needed: the simulator answers, at a price that is made up here. The
keys of a server are made while it runs, by `sluicegate keys create`: see docs/keys.md.

Run: python examples/keys_and_budgets.py
"""

import trio

from sluicegate import GatewayBuilder, GatewayError, open_gateway

KEYS = [
    {"key": "key-of-the-web-team", "name": "web", "budgets": {"day": "$0.01"}},
    {"key": "key-of-the-night-job", "name": "night", "rate_limit": ["2/min"], "allowed_models": ["sim/small"]},
]

builder = (
    GatewayBuilder()
    .provider("sim", type="simulator", models=["small", "large"], tokens=20, first_token="1ms", tokens_per_second=10000)
    .price("sim/*", input="$10/M", output="$200/M")
    .stage("auth", api_keys=KEYS)
)


async def main() -> None:
    async with open_gateway(builder, environ={}) as gateway:
        for caller, key, model in (("web", KEYS[0]["key"], "sim/large"), ("night", KEYS[1]["key"], "sim/small")):
            client = gateway.as_caller(str(key))
            for number in range(1, 4):
                try:
                    answer = await client.chat(model, f"Question {number}", max_tokens=20)
                except GatewayError as refused:
                    print(f"{caller}: {refused.code}: {refused}")
                else:
                    nanos = answer.exchange.cost or 0
                    print(f"{caller}: answered for ${nanos / 10**9:.4f}")


trio.run(main)
