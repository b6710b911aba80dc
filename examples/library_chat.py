"""Ask a model from inside a trio program: chat, embeddings, and what errors look like.

No server is started and no key is needed: the configuration names the built-in simulator.

Run: python examples/library_chat.py
"""

from pathlib import Path

import trio

from sluicegate import GatewayError, open_gateway

CONFIG = Path(__file__).parent / "config" / "simulator.yaml"


async def main() -> None:
    async with open_gateway(CONFIG) as gateway:
        print("models:", ", ".join(await gateway.models()))

        answer = await gateway.chat("demo", "What is a sluice gate?", max_tokens=12)
        print("answer:", answer.text)
        print("from:", f"{answer.provider}/{answer.model}, {answer.usage and answer.usage.total} tokens")

        again = await gateway.chat("demo", "What is a sluice gate?", max_tokens=12)
        print("asked again, from the cache:", again.cached)

        embeddings = await gateway.embed("demo", ["river", "canal"], dimensions=8)
        print("vectors:", len(embeddings.vectors), "of", len(embeddings.vectors[0]), "numbers")

        try:
            await gateway.chat("nobody/knows", "Hello")
        except GatewayError as error:
            print("error:", error.status, error.code, "-", error)


trio.run(main)
