"""Server-sent events on their way out. https://html.spec.whatwg.org/multipage/server-sent-events.html"""

from __future__ import annotations

from sluicegate.pipeline.reply import Batch

MEDIA_TYPE = "text/event-stream; charset=utf-8"
COMMENT = b": keep-alive\n\n"
"""What every reader of events passes over."""


def frame(data: bytes, event: str = "") -> bytes:
    """Return one event. A line break inside ``data`` starts another data line, which the reader joins again."""
    name = b"event: %s\n" % event.encode("ascii") if event else b""
    if b"\n" in data or b"\r" in data:
        data = b"\ndata: ".join(data.splitlines())
    return b"%sdata: %s\n\n" % (name, data)


def frames(batch: Batch) -> bytes:
    """Return the events of chunks that leave together."""
    return b"".join([frame(chunk.data, chunk.event) for chunk in batch])
