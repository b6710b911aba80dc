"""Events of a stream, as bytes."""

from __future__ import annotations

from sluicegate.pipeline.reply import Chunk, ChunkKind


def event(name: str, data: bytes, kind: ChunkKind) -> Chunk:
    """Return an event. Clients pass over those without a name."""
    return Chunk(data, kind, name)


def block_start(index: int, block: bytes) -> Chunk:
    """Return the beginning of a block. That of a call is content: a client sees which tool is called."""
    kind = ChunkKind.CONTENT if block.startswith(b'{"type":"tool_use"') else ChunkKind.HEAD
    data = b'{"type":"content_block_start","index":%d,"content_block":%b}' % (index, block)
    return Chunk(data, kind, "content_block_start")


def block_stop(index: int) -> Chunk:
    """Return the end of a block."""
    return Chunk(b'{"type":"content_block_stop","index":%d}' % index, ChunkKind.HEAD, "content_block_stop")


def delta(index: int, head: bytes, value: bytes, kind: ChunkKind) -> Chunk:
    """Return a piece of a block: ``head`` is its type and the name of its value, as JSON."""
    data = b'{"type":"content_block_delta","index":%d,"delta":{"type":%b%b}}' % (index, head, value)
    return Chunk(data, kind, "content_block_delta")
