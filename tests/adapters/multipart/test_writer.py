"""A form that we write is the one that we read."""

from sluicegate.adapters.multipart.reader import FormReader, PartHead, boundary_of
from sluicegate.adapters.multipart.spool import Spool
from sluicegate.adapters.multipart.writer import write_form
from sluicegate.pipeline.files import Extent, SentFile


async def written(fields, files):
    media_type, form = write_form(fields, files)
    body = b"".join([piece async for piece in form.pieces()])
    assert len(body) == form.size
    reader = FormReader(boundary_of(media_type))
    events = reader.feed(body)
    reader.finish()
    return events


async def test_fields_and_files_come_back_as_they_were():
    spool = Spool(keep=0)
    await spool.write(b"0123456789" * 20_000)
    file = SentFile("file", 'a "b"\r\nc.mp3', "audio/mpeg", Extent(spool, 3, 150_000))
    events = await written([("model", "m"), ("prompt", "wörter")], [("file", file)])
    assert [event for event in events if isinstance(event, PartHead)] == [
        PartHead("model", None, ""),
        PartHead("prompt", None, ""),
        PartHead("file", "a %22b%22%0D%0Ac.mp3", "audio/mpeg"),
    ]
    last = events[events.index(PartHead("file", "a %22b%22%0D%0Ac.mp3", "audio/mpeg")) + 1 : -1]
    assert b"".join(last) == (b"0123456789" * 20_000)[3:150_003]
    assert "wörter".encode() in events
    spool.close()


async def test_a_media_type_that_could_split_a_header_is_left_out():
    spool = Spool()
    await spool.write(b"x")
    file = SentFile("file", "a", "audio/mpeg\r\nx: y", Extent(spool, 0, 1))
    events = await written([], [("file", file)])
    assert events[0] == PartHead("file", "a", "application/octet-stream")


async def test_a_form_can_be_sent_again_from_the_beginning():
    spool = Spool(keep=0)
    await spool.write(b"x" * 100_000)
    _, form = write_form([("model", "m")], [("file", SentFile("file", "a", "", Extent(spool, 0, 100_000)))])
    first = [piece async for piece in form.pieces()]
    again = form.pieces()
    await anext(again)
    await again.aclose()
    assert [piece async for piece in form.pieces()] == first
    spool.close()
