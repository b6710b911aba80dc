"""A provider's stream on its way to the client: an iterator of batches whose end is a clean end and nothing else.

Two timeouts watch over it. ``total`` runs from the attempt's start. ``first_token`` does too, until there is content;
then ``idle`` takes its place: it runs while we wait for the next event, never while a slow client takes the last one;
and so does the window in which so much content must come as ``min_throughput`` says.
Comments and keep-alives make no chunk, so they hold up neither.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgspec
import trio

from sluicegate.pipeline.config.sections import TimeoutSettings
from sluicegate.pipeline.errors import Fault, GatewayError, UpstreamError, UpstreamTimeout
from sluicegate.pipeline.provider import StreamDecoder, UpstreamResponse
from sluicegate.pipeline.reply import Batch, ChunkKind, Usage

from .attempt_record import AttemptRecord
from .failure import timed_out, too_slow
from .pace import Pace
from .token_estimate import estimate

LAST_BYTES_TIME = 0.05
"""Seconds that the end of a message may come behind the end of the answer in it. The client has its own end by then;
what waits is the exchange's place among those in flight, and its settling."""
PutOff = Callable[[float], None]
"""Tells a response that ends its own waits when to: `TimedResponse.put_off`."""


class UpstreamStream:
    """Reads, decodes and times one stream.

    Args:
        record: The attempt that it belongs to.
        response: The open answer. Whoever has the stream closes it, by `aclose`.
        decoder: Turns its bytes into chunks.
        timeout: How long it may take.
        put_off: The response's, if it ends its own waits.
    """

    def __init__(
        self,
        record: AttemptRecord,
        response: UpstreamResponse,
        decoder: StreamDecoder,
        timeout: TimeoutSettings,
        put_off: PutOff | None = None,
    ) -> None:
        self._record = record
        self._response = response
        self._decoder = decoder
        self._timeout = timeout
        self._put_off = put_off
        self._first_token_due = record.attempt.started + timeout.first_token
        self._total_due = record.attempt.started + timeout.total
        pace = timeout.min_throughput
        self._pace = Pace(pace, timeout.throughput_window) if pace > 0 else None
        self._held: Batch = []
        self._over = False
        self._content = 0
        self._complete = False
        self._closed = False

    async def reach_content(self, commit_buffer: int) -> None:
        """Read as far as the commit point, and hold back what leads to it. A checkpoint, timed by the caller.

        The commit point is the first content, or the clean end of an answer without any. A stream that fills the buffer
        is alive and may be a long time coming to the point, so it is committed too, rather than broken off. So what is
        held is the buffer, and one event more, which the decoder bounds.

        Raises:
            GatewayError: The stream failed. Nothing of it has left; what it has used is noted.
        """
        try:
            await self._reach_content(commit_buffer)
        except BaseException:
            reported = self._decoder.usage
            if self._content or (reported is not None and reported.total):
                self._record.wasted(self._usage())
            raise

    async def _reach_content(self, commit_buffer: int) -> None:
        size = 0
        while not self._content and size <= commit_buffer:
            batch = await self._read()
            if batch is None:
                if not any(chunk.kind is ChunkKind.FINISH for chunk in self._held):
                    raise UpstreamError("the stream has nothing in it", code="empty_stream")
                break
            self._held += batch
            size += sum(len(chunk.data) for chunk in batch)
        self._feed(b"")  # an error right behind the content can still be hidden
        self._record.committed(content=bool(self._content))

    def __aiter__(self) -> UpstreamStream:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch. A checkpoint.

        Raises:
            GatewayError: The stream was cut, fell silent, or reported an error.
        """
        try:
            batch = await self._next()
        except GatewayError as error:
            told = self._record.failed(error)
            await self.aclose()
            raise told from error.__cause__
        if batch is not None:
            return batch
        self._complete = True
        self._record.succeeded()
        self._record.spent(self._usage())
        # Not closed yet: the client gets its own end first, and meanwhile the last bytes of the message arrive.
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Let go of the upstream, and note what the stream has cost. Safe to call twice. A checkpoint."""
        if self._closed:
            return
        self._closed = True
        if self._complete:
            await self._read_out()
        else:
            self._record.abandoned()  # which has no effect on one that has failed
            self._record.spent(self._usage())
        await self._response.aclose()

    async def _read_out(self) -> None:
        """Take the end of a message whose answer is complete: only then is its connection good for another one."""
        if self._put_off is not None:
            self._put_off(trio.current_time() + LAST_BYTES_TIME)
        with trio.move_on_after(LAST_BYTES_TIME), suppress(UpstreamError, trio.TooSlowError):
            while not self._over:
                self._over = not await self._response.receive()

    async def _next(self) -> Batch | None:
        if self._held:
            batch, self._held = self._held, []
            return batch
        # What is known already needs no time limit, which costs more than decoding does.
        if (batch := self._feed(b"")) or self._over or self._decoder.done:
            return self._counted(batch)
        now = trio.current_time()
        silence_due = now + self._timeout.idle if self._content else self._first_token_due
        due = min(silence_due, self._total_due)
        pace, before = self._pace if self._content else None, self._content
        pace_due = pace.due(now) if pace is not None else due
        try:
            batch = await self._receive_by(min(due, pace_due), now)
        except trio.TooSlowError:
            if pace_due < due:
                timeout = self._timeout
                provider = self._record.attempt.target.provider
                raise too_slow(provider, timeout.min_throughput, timeout.throughput_window) from None
            raise self._timed_out(now, silence_due) from None
        counted = self._counted(batch)
        if pace is not None:
            pace.came(self._content - before, trio.current_time() - now)
        return counted

    async def _receive_by(self, due: float, now: float) -> Batch:
        if self._put_off is None or due <= now:
            with trio.fail_at(due):
                return await self._receive()
        self._put_off(due)
        return await self._receive()

    def _timed_out(self, asked: float, silence_due: float) -> UpstreamTimeout:
        """Return the error for the timeout that was due first, of a read that began at ``asked``."""
        timeout = self._timeout
        due, name, seconds = self._total_due, "total", timeout.total
        if silence_due < due:
            name, seconds = ("idle", timeout.idle) if self._content else ("first_token", timeout.first_token)
            due = silence_due
        # What is over before we ask was used up by a client that reads slowly.
        fault = Fault.CLIENT if due <= asked else Fault.UPSTREAM
        return timed_out(self._record.attempt.target.provider, name, seconds, fault=fault)

    async def _read(self) -> Batch | None:
        """Return the next chunks, or None at the clean end. A checkpoint unless an error is known already."""
        return self._counted(self._feed(b"") or await self._receive())

    async def _receive(self) -> Batch:
        """Return the next chunks that the upstream sends, or none at the clean end. A checkpoint before it is known."""
        batch: Batch = []
        while not batch and not self._over and not self._decoder.done:
            data = await self._response.receive()
            if data:
                batch = self._feed(data)
            else:
                self._over = True
                batch = self._record.sense(self._decoder.finish)
        return batch

    def _counted(self, batch: Batch) -> Batch | None:
        for chunk in batch:
            if chunk.kind is ChunkKind.CONTENT:
                self._content += 1
        return batch or None

    def _feed(self, data: bytes) -> Batch:
        """Decode bytes. No bytes raise what stood behind the last chunks, if that was an error."""
        decoder = self._decoder
        if decoder.done:
            return []
        try:
            return decoder.feed(data)
        except Exception as error:
            told = self._record.blamed(error)
            raise told from told.__cause__

    def _usage(self) -> Usage:
        """Return the tokens that the stream has cost as far as it came: the provider's figures where there are any."""
        reported = self._decoder.usage
        if reported is None:
            return estimate(self._record.exchange.request, self._content)
        # Some providers tell at the beginning what was asked, and only at the end what was answered.
        if not self._complete and reported.output < self._content and not reported.characters:
            return msgspec.structs.replace(reported, output=self._content, estimated=True, charged=None)
        return reported
