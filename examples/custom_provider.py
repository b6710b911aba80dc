"""Write a provider: it says what it was told, in capitals.

This one speaks OpenAI's API and only brings a transport of its own. A provider with another API translates in `encode`,
`decode`, `decoder` and `error`; sluicegate/pipeline/provider.py is the contract.

Run: python examples/custom_provider.py
"""

import json

import trio

from sluicegate import GatewayBuilder, open_gateway
from sluicegate.adapters.providers.openai import OpenAI, OpenAISettings
from sluicegate.pipeline.provider import UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import provider


class Answer:
    """An upstream's answer that is there at once."""

    head = UpstreamHead(200, {"content-type": "application/json"})

    def __init__(self, text: str) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self._parts = [json.dumps({"object": "chat.completion", "choices": [choice]}).encode()]

    async def receive(self) -> bytes:
        await trio.lowlevel.checkpoint()
        return self._parts.pop() if self._parts else b""

    async def aclose(self) -> None:
        self._parts.clear()


class Loudspeaker:
    """A transport without a network."""

    async def send(self, request: UpstreamRequest, *, connect: float) -> Answer:
        await trio.lowlevel.checkpoint()
        return Answer(json.loads(request.body)["messages"][-1]["content"].upper())

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


@provider("loud", summary="Says it in capitals.", settings=OpenAISettings)
class Loud(OpenAI):
    """OpenAI's API over a loudspeaker."""

    def transport(self) -> Loudspeaker:
        return Loudspeaker()


async def main() -> None:
    async with open_gateway(GatewayBuilder().use(Loud).provider("loud", type="loud")) as gateway:
        answer = await gateway.chat("loud/any", "mind the gate")
        print(answer.provider, "says:", answer.text)


trio.run(main)
