"""One attempt: one call of one target, as far as its whole plain answer or the commit point of its stream.

The timeouts nest inside the exchange's deadline: ``connect`` in the transport; ``response`` around a plain answer, or
``first_token`` around a stream as far as its first content; ``total`` around all of it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import cast

import trio

from sluicegate.pipeline.errors import GatewayError, UpstreamError
from sluicegate.pipeline.heavy import LARGE, compute
from sluicegate.pipeline.passing import RawAnswer, RawDecoder
from sluicegate.pipeline.provider import Provider, UpstreamHead, UpstreamRequest, UpstreamResponse
from sluicegate.pipeline.reply import Reply

from .attempt_record import AttemptRecord
from .failure import timed_out
from .passed_to import refusal_of_passed
from .token_estimate import estimate_plain
from .upstream_stream import PutOff, UpstreamStream

MAX_ERROR_BODY = LARGE
"""Bytes of an error's body that are read; providers' errors are a few hundred. So many are read without a thread."""
ERROR_BODY_TIME = 2.0
"""Seconds that the body of an error is waited for: its status, which is known, says more."""


async def attempt(
    record: AttemptRecord, provider: Provider, request: UpstreamRequest, *, commit_buffer: int, max_reply: int
) -> None:
    """Call the record's target once, and set the exchange's reply. A checkpoint.

    Args:
        record: The attempt; it ends here unless the reply is a stream, which ends it later.
        provider: The target's provider.
        request: What to send.
        commit_buffer: Bytes of a stream to hold back while waiting for its first content.
        max_reply: Bytes that a plain answer may have.

    Raises:
        GatewayError: The attempt failed before anything of it could leave.
    """
    asked = record.exchange.request
    # What is passed through may first have to go up, which takes as long as it is large.
    name, seconds = _first_limit(provider, streaming=asked.stream and asked.passing is None)
    due, connect = record.attempt.started + seconds, provider.connect
    timed = provider.timed
    try:
        if timed is not None:
            response = await timed.send_by(request, connect=connect, due=due)
            await _take(record, provider, response, response.put_off, commit_buffer, max_reply)
        else:
            with trio.fail_at(due):
                untimed = await provider.transport.send(request, connect=connect)
                await _take(record, provider, untimed, None, commit_buffer, max_reply)
    except trio.TooSlowError:
        raise record.failed(timed_out(provider.name, name, seconds)) from None
    except GatewayError as error:
        raise record.failed(error) from error.__cause__
    except BaseException:
        record.abandoned()
        raise


def _first_limit(provider: Provider, *, streaming: bool) -> tuple[str, float]:
    """Return the name and the seconds of the timeout that is due first."""
    timeout = provider.settings.timeout
    name, limit = ("first_token", timeout.first_token) if streaming else ("response", timeout.response)
    return ("total", timeout.total) if limit is None or limit >= timeout.total else (name, limit)


async def _take(
    record: AttemptRecord,
    provider: Provider,
    response: UpstreamResponse,
    put_off: PutOff | None,
    commit_buffer: int,
    max_reply: int,
) -> None:
    """Take an answer: whole, or as far as the commit point."""
    passed = record.exchange.request.passing is not None
    record.heard(response.head.headers)
    head = UpstreamHead(response.head.status, response.head.headers, record.attempt.target)
    # Where it leads to, and that nothing has changed, is the caller's to know who asked for just that.
    if not 200 <= head.status < (400 if passed else 300):
        try:
            body = await _error_body(response)
        finally:
            await response.aclose()
        error = record.sense(provider.translator.error, head, body)
        raise refusal_of_passed(provider.name, head.status, error) if passed else error
    if record.exchange.request.stream:
        await _begin_stream(record, provider, head, response, put_off, commit_buffer)
    else:
        await _plain(record, provider, head, response, max_reply)


async def _plain(
    record: AttemptRecord, provider: Provider, head: UpstreamHead, response: UpstreamResponse, max_reply: int
) -> None:
    try:
        body = await _whole_body(response, max_reply)
    finally:
        await response.aclose()
    exchange = record.exchange
    decode = provider.translator.decode
    reply, usage = await compute(len(body), record.sense, decode, exchange, head, body)
    if usage is None:
        size = len(exchange.request.body) + len(reply.body)
        usage = await compute(size, estimate_plain, exchange.request, reply.body)
    exchange.reply = reply
    record.spent(usage)
    record.serves()
    record.succeeded()


async def _begin_stream(
    record: AttemptRecord,
    provider: Provider,
    head: UpstreamHead,
    response: UpstreamResponse,
    put_off: PutOff | None,
    commit_buffer: int,
) -> None:
    try:
        decoder = record.sense(provider.translator.decoder, record.exchange, head)
        stream = UpstreamStream(record, response, decoder, provider.settings.timeout, put_off)
        await stream.reach_content(commit_buffer)
    except BaseException:
        await response.aclose()
        raise
    record.exchange.stack.push_async_callback(stream.aclose)
    if record.exchange.request.passing is not None:
        raw = cast(RawAnswer, decoder)
        record.exchange.reply = Reply(raw.status, stream=stream, media_type=raw.media_type, raw=True)
        record.exchange.reply.headers.extend(raw.headers)
    elif isinstance(decoder, RawDecoder):
        record.exchange.reply = Reply(stream=stream, media_type=decoder.media_type, raw=True)
    else:
        record.exchange.reply = Reply(stream=stream, media_type="text/event-stream")


async def _whole_body(response: UpstreamResponse, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data := await response.receive():
        parts.append(data)
        size += len(data)
        if size > limit:
            raise UpstreamError(
                f"the answer is over {limit} bytes, the limit", code="upstream_reply_too_large", retryable=False
            )
    return b"".join(parts)


async def _error_body(response: UpstreamResponse) -> bytes:
    """Return as much of an error's body as can be had: whatever becomes of it, the status is the answer."""
    parts: list[bytes] = []
    size = 0
    with trio.move_on_after(ERROR_BODY_TIME), suppress(UpstreamError):
        while size < MAX_ERROR_BODY and (data := await response.receive()):
            parts.append(data)
            size += len(data)
    return b"".join(parts)
