from hypothesis import given
from hypothesis import strategies as st

from sluicegate.adapters.http import sse
from sluicegate.pipeline.reply import Chunk, ChunkKind


def read(stream: bytes) -> list[bytes]:
    """Read events as the standard says: lines, data lines joined by a line feed, an empty line ends the event."""
    events, data = [], []
    for line in stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"data: "):
            data.append(line.removeprefix(b"data: "))
        elif not line and data:
            events.append(b"\n".join(data))
            data = []
    return events


def test_a_frame_is_a_data_line_and_an_empty_one():
    assert sse.frame(b'{"a":1}') == b'data: {"a":1}\n\n'


def test_a_named_event_says_its_name_first():
    assert sse.frame(b"{}", "ping") == b"event: ping\ndata: {}\n\n"


def test_chunks_that_leave_together_are_one_piece_of_bytes():
    batch = [Chunk(b"1", ChunkKind.CONTENT), Chunk(b"2", ChunkKind.FINISH)]
    assert sse.frames(batch) == b"data: 1\n\ndata: 2\n\n"


@given(st.lists(st.text(alphabet='{}" \r\na', min_size=1).map(str.encode), max_size=5))
def test_line_breaks_inside_a_chunk_never_end_its_event(payloads):
    stream = sse.frames([Chunk(payload, ChunkKind.CONTENT) for payload in payloads])
    assert stream.count(b"\n\n") == len(payloads)
    assert [b"".join(event.split()) for event in read(stream)] == [b"".join(payload.split()) for payload in payloads]
