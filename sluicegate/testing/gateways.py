"""Stages made of plain functions, and a real gateway around them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import trio

from sluicegate.pipeline.config.sections import ServerSettings
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.registry import StageSpec
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane, Verdict
from sluicegate.pipeline.topology import Placed, compile_topology

Word: TypeAlias = Verdict | Reply | None
"""What a function may say that stands for a stage: None passes, a Reply answers with it."""


def _verdict(exchange: Exchange, word: Word) -> Verdict:
    if isinstance(word, Reply):
        exchange.reply = word
        return Verdict.REPLY
    return Verdict.PASS if word is None else word


class _Judging:
    def __init__(self, function: Callable[[Exchange], Word]) -> None:
        self._function = function

    def judge(self, exchange: Exchange) -> Verdict:
        return _verdict(exchange, self._function(exchange))


class _Waiting:
    def __init__(self, function: Callable[[Exchange], Awaitable[Word]]) -> None:
        self._function = function

    async def attend(self, exchange: Exchange) -> Verdict:
        return _verdict(exchange, await self._function(exchange))


def judging(function: Callable[[Exchange], Word], *, name: str = "", lane: Lane = Lane.REQUEST) -> Placed:
    """Make a stage of a function that decides at once."""
    return Placed(name or _name_of(function), lane, _Judging(function))


def waiting(
    function: Callable[[Exchange], Awaitable[Word]],
    *,
    name: str = "",
    lane: Lane = Lane.REQUEST,
    permits: int | None = None,
) -> Placed:
    """Make a stage of an async function. At most ``permits`` exchanges are in it at once; None for no such bound."""
    return Placed(name or _name_of(function), lane, _Waiting(function), permits)


def settling(function: Callable[[Exchange], Awaitable[None] | None], *, name: str = "") -> Placed:
    """Make a stage of the SETTLE lane of a function, sync or async, that is called once with each ended exchange."""

    def judge(exchange: Exchange) -> Word:
        function(exchange)
        return None

    async def attend(exchange: Exchange) -> Word:
        done = function(exchange)
        if done is not None:
            await done
        return None

    name = name or _name_of(function)
    if inspect.iscoroutinefunction(function):
        return waiting(attend, name=name, lane=Lane.SETTLE)
    return judging(judge, name=name, lane=Lane.SETTLE)


def answering(body: bytes = b"{}") -> Placed:
    """Return a stage that ends the way up with a plain answer."""
    return judging(lambda _: Reply(body=body), name="answer")


def placed(stage: Any) -> Placed:
    """Place a stage by its mark: one whose class has ``@stage`` knows its name and lane, others go to REQUEST."""
    if isinstance(stage, Placed):
        return stage
    spec = getattr(stage, "spec", None)
    if isinstance(spec, StageSpec):
        return Placed(spec.name, spec.lane, stage)
    return Placed(type(stage).__name__, Lane.REQUEST, stage)


def _name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


@asynccontextmanager
async def gateway_of(
    *stages: Any,
    max_in_flight: int = 100,
    timeout: float = 600.0,
    settle_timeout: float = 10.0,
    resources: Resources | None = None,
) -> AsyncIterator[Gateway]:
    """Give a running gateway for as long as the block runs; at its end, all is settled. A checkpoint.

    What goes wrong in the block comes out as itself, and so does what kills a worker; both at once come out in a group.

    Args:
        stages: In the order of the pipeline: instances of marked classes, or what `judging` and its like return.
        timeout: The deadline of each exchange, in seconds.
        settle_timeout: What one SETTLE stage may take with one exchange, in seconds.
    """
    topology = compile_topology(
        [placed(stage) for stage in stages], max_in_flight=max_in_flight, settle_timeout=settle_timeout
    )
    settings = ServerSettings(max_in_flight=max_in_flight, timeout=timeout)
    gateway = Gateway(topology, settings, resources if resources is not None else Resources())
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(gateway.run)
            yield gateway
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        alone = _alone(group)
        raise alone from alone.__cause__


def _alone(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
