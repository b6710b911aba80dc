"""Answers of a provider that has the Responses API itself: bytes pass through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from sluicegate.pipeline.conversation import THOUGHT
from sluicegate.pipeline.errors import GatewayError, StreamInterrupted
from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from ...upstream.sse import Event, SseDecoder
from ..problem import problem_in, read_problem
from .errors import ErrorTable
from .stream import MAX_EVENT
from .usage import read_usage

if TYPE_CHECKING:
    from sluicegate.pipeline.request import Request

_ENDS = frozenset({"response.completed", "response.incomplete"})
_SHOWN_LATER = frozenset({"message", "reasoning"})
"""Items that begin empty; any other one is something to act on at once."""


class _Item(msgspec.Struct):
    type: str = ""


class _Head(msgspec.Struct):
    type: object = None
    id: object = None

    @property
    def ours(self) -> bool:
        """Whether it is a thought that was written here."""
        return self.type == "reasoning" and isinstance(self.id, str) and self.id.startswith(THOUGHT)


class _Response(msgspec.Struct):
    """What is read of a response object."""

    kind: str = msgspec.field(default="", name="object")
    status: str | None = None
    error: object = None
    usage: object = None
    service_tier: object = None
    output: msgspec.Raw = msgspec.Raw()

    def used(self) -> Usage | None:
        """Return the tokens, and how often was searched, which only the items of the output tell."""
        usage = read_usage(self.usage, self.service_tier)
        if usage is not None and _SEARCH in (output := bytes(self.output)):
            items = msgspec.json.decode(output)
            if isinstance(items, list):
                kinds = [item.get("type") for item in items if isinstance(item, dict)]
                usage.searches = kinds.count("web_search_call")
        return usage


class _Frame(msgspec.Struct):
    """What is read of an event."""

    type: str = ""
    response: _Response | None = None
    item: _Item | None = None


_response = msgspec.json.Decoder(_Response).decode
_frame = msgspec.json.Decoder(_Frame).decode
_items = msgspec.json.Decoder(str | list[msgspec.Raw] | None).decode
_kind = msgspec.json.Decoder(_Item).decode
_head = msgspec.json.Decoder(_Head).decode
_encode = msgspec.json.encode
_OURS = f'"{THOUGHT}'.encode()
_SEARCH = b'"web_search_call"'


def passed_fields(request: Request, provider: str) -> Mapping[str, msgspec.Raw]:
    """Return the fields to send on. A conversation that the provider does not know itself goes with them.

    Thoughts are left out of it: they are sealed for who thought them. So are those that the caller sends back and that
    were written here: the provider knows neither their ids nor how they are sealed.
    """
    fields = _without_ours(request.fields)
    recalled = request.recalled
    previous = msgspec.json.decode(request.fields.get("previous_response_id", b"null"))
    if recalled is None or not isinstance(previous, str) or recalled.known_to(provider, previous):
        return fields
    asked = _items(fields.get("input", b"null"))
    if isinstance(asked, str):
        asked = [msgspec.Raw(_encode({"role": "user", "content": asked}))]
    before = [item for item in recalled.items if _kind(item).type != "reasoning"]
    fields = {**fields, "input": msgspec.Raw(_encode([*before, *(asked or [])]))}
    del fields["previous_response_id"]
    return fields


def _without_ours(fields: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """Return the fields without thoughts that were written here; most requests have none, which takes one search."""
    asked = fields.get("input", b"null")
    if _OURS not in bytes(asked) or isinstance(items := _items(asked), str):
        return dict(fields)
    kept = [item for item in items or () if not _head(item).ours]
    return {**fields, "input": msgspec.Raw(_encode(kept))}


def check_response(errors: ErrorTable, body: bytes) -> Usage | None:
    """Check a whole answer; return its tokens.

    Raises:
        GatewayError: It is none of this API's, or tells of an error.
    """
    try:
        if not body.isascii():
            body.decode()  # what is not read is not checked, and would break the client
        response = _response(body)
    except msgspec.ValidationError as error:
        raise errors.nonsense(f"is not of its API ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.nonsense("is not valid JSON" if body.strip() else "is empty") from error
    if response.error or response.status == "failed":
        raise errors.in_band(problem_in({"error": response.error}) if response.error else read_problem(body))
    if response.kind != "response":
        problem = read_problem(body)
        raise errors.in_band(problem) if problem.message else errors.nonsense("is no response")
    return response.used()


class PassedResponse:
    """Gives each event of a stream as it came; it is complete with the event that says so.

    Args:
        provider: Its name, for messages.
        errors: Maps errors that come in the stream.
    """

    def __init__(self, provider: str, errors: ErrorTable) -> None:
        self._provider = provider
        self._errors = errors
        self._sse = SseDecoder(f"provider {provider!r}", max_line=MAX_EVENT, max_event=MAX_EVENT)
        self._usage: Usage | None = None
        self._done = False
        self._error: GatewayError | None = None

    @property
    def usage(self) -> Usage | None:
        """The tokens, which the last event tells."""
        return self._usage

    @property
    def done(self) -> bool:
        """Whether the provider has said that its answer is complete."""
        return self._done

    def feed(self, data: bytes) -> Batch:
        """Return the chunks that these bytes complete. See `StreamDecoder.feed`."""
        if self._error is not None:
            raise self._error
        batch: Batch = []
        try:
            if not self._done:
                self._take_all(self._sse.feed(data), batch)
        except GatewayError as error:
            return self._failed(error, batch)
        return batch

    def finish(self) -> Batch:
        """Say that no more bytes come; return what was still held back.

        Raises:
            StreamInterrupted: The answer was not complete.
        """
        if self._error is not None:
            raise self._error
        batch: Batch = []
        try:
            if not self._done:
                self._take_all(self._sse.finish(), batch)
        except GatewayError as error:
            return self._failed(error, batch)
        if not self._done:
            told = f"the stream of provider {self._provider!r} ended before its answer was complete"
            return self._failed(StreamInterrupted(told), batch)
        return batch

    def _failed(self, error: GatewayError, batch: Batch) -> Batch:
        """Return the chunks before an error, which the next call raises; raise it now if there are none."""
        self._error = error
        if not batch:
            raise error
        return batch

    def _take_all(self, events: list[Event], batch: Batch) -> None:
        for name, data in events:
            if not data.strip() or data.strip() == b"[DONE]":
                continue
            self._take(name, data, batch)
            if self._done:
                return

    def _take(self, name: str, data: bytes, batch: Batch) -> None:
        try:
            frame = _frame(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._errors.nonsense("has an event that is not of its API") from error
        kind, response = frame.type or name, frame.response
        if kind == "error" or not kind:
            raise self._errors.in_band(read_problem(data))
        if kind == "response.failed":
            found = response.error if response is not None else None
            raise self._errors.in_band(problem_in({"error": found}) if found else read_problem(data))
        if response is not None and response.usage:
            self._usage = response.used() or self._usage
        self._done = kind in _ENDS
        # Lines of one event are joined by newlines; a payload leaves as one line.
        payload = data.replace(b"\n", b" ") if b"\n" in data else data
        batch.append(Chunk(payload, _chunk_kind(kind, frame), kind))


def _chunk_kind(kind: str, frame: _Frame) -> ChunkKind:
    if kind in _ENDS:
        return ChunkKind.FINISH
    if kind.endswith(".delta"):
        return ChunkKind.CONTENT
    if kind == "response.output_item.added" and frame.item is not None and frame.item.type not in _SHOWN_LATER:
        return ChunkKind.CONTENT
    return ChunkKind.HEAD


def check_stream(errors: ErrorTable, head: UpstreamHead) -> None:
    """Raise UpstreamError for what is no stream, such as a page."""
    if head.media_type not in ("text/event-stream", ""):
        raise errors.nonsense(f"is {head.media_type[:80]}, not a stream")
