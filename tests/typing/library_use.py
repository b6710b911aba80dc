"""Uses of the library that a strict type checker must accept, with the types that it must see.

Read by mypy in tests/typing/test_typing.py, never run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

from sluicegate import (
    Answer,
    ChatStream,
    Client,
    ConfigError,
    Delta,
    Embeddings,
    GatewayBuilder,
    GatewayError,
    open_gateway,
)
from sluicegate.pipeline.config.sections import GatewayConfig
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.registry import NoSettings, stage
from sluicegate.pipeline.reply import Usage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import JudgingStage, Verdict


@stage("count", summary="Counts.")
class Count:
    """A stage of somebody else's: the mark keeps its type."""

    def __init__(self, settings: NoSettings, resources: Resources) -> None:
        self.seen = 0

    def judge(self, exchange: Exchange) -> Verdict:
        self.seen += 1
        return Verdict.PASS


def as_stage(settings: NoSettings, resources: Resources) -> JudgingStage:
    counting = Count(settings, resources)
    assert_type(counting.seen, int)
    return counting


def log(record: dict[str, Any]) -> None:
    print(record)


async def sources(config: GatewayConfig, builder: GatewayBuilder) -> None:
    for source in (None, "config.yaml", Path("config.yaml"), config, builder.use(Count)):
        async with open_gateway(source, api_key="key", environ={"A": "b"}, access_log=log) as gateway:
            assert_type(gateway, Client)


async def calls(gateway: Client) -> str:
    answer = await gateway.chat("a/b", "Hello", timeout=5, temperature=0.1, headers={"cache-control": "no-store"})
    assert_type(answer, Answer)
    assert_type(answer.text, str)
    assert_type(answer.usage, Usage | None)
    assert_type(answer.tool_calls, list[dict[str, Any]])
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    await gateway.as_caller("other").chat("a/b", messages)
    embeddings = await gateway.embed("a/b", ("one", "two"), dimensions=8)
    assert_type(embeddings, Embeddings)
    assert_type(embeddings.vectors, list[list[float]])
    assert_type(await gateway.models(), list[str])
    return answer.text


async def streams(gateway: Client) -> str:
    try:
        async with gateway.stream_chat("a/b", "Hello") as stream:
            assert_type(stream, ChatStream)
            deltas = [delta async for delta in stream]
    except GatewayError as error:
        assert_type(error.status, int)
        return error.code
    except ConfigError:
        return ""
    assert_type(deltas, list[Delta])
    return "".join(delta.text for delta in deltas)
