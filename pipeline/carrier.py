"""The carrier: takes one exchange through the REQUEST and REPLY lanes, in the request's own task.

Waiting happens here and nowhere else, so the deadline, a client that leaves and an embedding program's own cancel scope
all reach the work as ordinary trio cancellation.
"""

from __future__ import annotations

import trio

from .errors import GatewayError, StageCrashed, as_gateway_error
from .exchange import Exchange
from .hop import Hop, leave_request_lane, require_answer
from .life import State
from .reply import Batch, ChunkKind
from .stage import Lane, Verdict
from .topology import Topology


async def carry(exchange: Exchange) -> None:
    """Bring an exchange that stands in the front inbox to its reply or its error. A checkpoint."""
    await _follow(exchange)
    await _reply_hooks(exchange)


async def carry_error(exchange: Exchange, topology: Topology) -> None:
    """Take an exchange that failed outside any stage through the REPLY lane, unless it was there. A checkpoint."""
    _withdraw(exchange)
    if exchange.state is State.REPLYING:
        # From here on the lane's workers take it for a ghost, so that none of them judges it while its hooks run.
        exchange.enter(State.SENDING)
    else:
        leave_request_lane(exchange)
        if topology.on_reply is not None:
            exchange.moved = trio.current_time()
            await _hand_on(exchange, topology.on_reply)
            await _follow(exchange)
    await _reply_hooks(exchange)


def _withdraw(exchange: Exchange) -> None:
    """Give back a permit that the exchange holds, and a baton that it has not read."""
    if exchange.permit is not None:
        exchange.permit.release(exchange)
    if exchange.called and exchange.baton is not None:
        exchange.called = False
        exchange.baton.receive_nowait()


async def _follow(exchange: Exchange) -> None:
    """Do the waiting that workers hand back, until the lanes are behind. A checkpoint."""
    baton = exchange.baton
    if baton is None:
        raise RuntimeError(f"exchange {exchange.id} has no mailbox")
    while True:
        hop = await baton.receive()
        exchange.called = False
        if hop is None:
            break
        if hop.lane is Lane.REQUEST:
            exchange.enter(State.WAITING)
        verdict = await _attend(hop, exchange)
        onward = hop.after if verdict is Verdict.PASS else hop.on_reply
        if onward is None:
            leave_request_lane(exchange)
            break
        await _hand_on(exchange, onward)
    require_answer(exchange)


async def _hand_on(exchange: Exchange, hop: Hop) -> None:
    """Put the exchange into the next inbox. A checkpoint where that is full."""
    if not hop.take(exchange):
        await hop.make_room_for(exchange)


async def _attend(hop: Hop, exchange: Exchange) -> Verdict:
    started = trio.current_time()
    verdict = Verdict.REPLY
    try:
        if hop.attend is None:
            raise TypeError(f"stage {hop.name!r} asked to wait but has no attend")
        verdict = await hop.attend(exchange)
        hop.count(verdict)
    except Exception as error:
        hop.blame(exchange, error)
        verdict = Verdict.REPLY
    except BaseException as error:
        hop.count_cut()
        crash, rest = _part(error)
        if crash is not None:
            hop.blame(exchange, crash)
        raise rest from None
    finally:
        hop.release(exchange)
        hop.note(exchange, started)
    return verdict


async def _reply_hooks(exchange: Exchange) -> None:
    """Call what stages left in ``on_reply``, last added first."""
    hooks = exchange.on_reply
    while hooks:
        try:
            waiting = hooks.pop()(exchange)
            if waiting is not None:
                await waiting
        except Exception as error:
            exchange.fail(as_gateway_error(error, "an on_reply hook"))


class Flow:
    """The chunks of a reply on their way out, as an async iterator of batches: taps applied, first content noted.

    Raises GatewayError only: of the stream, of a tap, or StageCrashed for what either of them should not raise, and for
    a reply that is no stream.
    """

    def __init__(self, exchange: Exchange) -> None:
        if exchange.reply is None or exchange.reply.stream is None:
            raise StageCrashed("the pipeline answered with a whole body, and not with a stream")
        self.exchange = exchange
        self._stream = exchange.reply.stream

    def __aiter__(self) -> Flow:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch that has anything in it. A checkpoint."""
        exchange = self.exchange
        while True:
            try:
                batch = await self._stream.__anext__()
            except StopAsyncIteration:
                exchange.complete = True
                raise
            except Exception as error:
                told = self._failed(error)
                raise told from told.__cause__
            except BaseExceptionGroup as group:
                crash, rest = _part(group)
                if crash is not None:
                    self._failed(crash)
                raise rest from None
            if exchange.taps:
                batch = self._tapped(batch)
            if not batch:
                continue
            if exchange.first_content is None and any(chunk.kind is ChunkKind.CONTENT for chunk in batch):
                exchange.first_content = trio.current_time()
            return batch

    def _tapped(self, batch: Batch) -> Batch:
        # Apart from the stream: a tap's StopAsyncIteration is a crash, never the clean end of an answer.
        try:
            for tap in reversed(self.exchange.taps):
                batch = [kept for chunk in batch if (kept := tap(self.exchange, chunk)) is not None]
        except Exception as error:
            told = self._failed(error)
            raise told from told.__cause__
        return batch

    def _failed(self, error: Exception) -> GatewayError:
        told = as_gateway_error(error, "the stream of a reply")
        self.exchange.fail(told)
        return told


def _part(error: BaseException) -> tuple[Exception | None, BaseException]:
    """Part what a cancelled task raised into the crash that a group may hide, and the rest."""
    if not isinstance(error, BaseExceptionGroup):
        return None, error
    crash, rest = error.split(Exception)
    return crash, error if rest is None else rest
