"""What of an exchange is to be kept: the reply as the cache sees it on its way back, and its end."""

from __future__ import annotations

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.life import State
from sluicegate.pipeline.reply import Reply

from .cache_entry import Entry, Recording


class Keeping:
    """One answer that may be kept.

    Attributes:
        recording: Of a stream's chunks, where a stream was asked for.
    """

    def __init__(self) -> None:
        self.recording: Recording | None = None
        self._reply: Reply | None = None

    def look(self, exchange: Exchange) -> None:
        """Note the reply as it is now: what stages before the cache do to it later, they will do to a hit as well."""
        reply = exchange.reply
        if reply is not None:
            self._reply = Reply(reply.status, reply.body, reply.stream, reply.media_type)

    def entry(self, exchange: Exchange) -> Entry | None:
        """Return what is to be kept of an exchange that has ended: nothing, unless it ended well."""
        reply = self._reply
        if exchange.outcome is not State.OK or exchange.error is not None or reply is None or reply.status != 200:
            return None
        if "estimated" in exchange.notes:
            return None  # a hit would not say so, and making it again takes no longer
        chunks = None
        if reply.stream is not None:
            chunks = self.recording.chunks if self.recording is not None else None
            # What recorded another stream than the one seen, put in its place since, is not what is to be kept.
            if chunks is None or exchange.reply is None or exchange.reply.stream is not reply.stream:
                return None
        notes = exchange.notes
        return Entry(
            reply.media_type, reply.body, chunks, exchange.usage, notes.get("provider", ""), notes.get("model", "")
        )
