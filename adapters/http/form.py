"""A form at the door: its fields become the body that every stage reads, and its files go to a spool.

The body is one JSON object. A field is a string, or a list of them where its name ends in ``[]`` or comes twice; the
brackets are left out, and put back for the provider. A file is an object with its name, media type and size.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import msgspec

from sluicegate.pipeline.errors import TooLarge
from sluicegate.pipeline.files import Extent, SentFile
from sluicegate.pipeline.request import Request

from ..multipart.reader import Event, FormReader, PartHead, boundary_of, malformed
from ..multipart.spool import Spool
from .inflow import Inflow
from .sizes import size_text
from .uploads import Uploads

MAX_FIELDS = 1024 * 1024
"""Bytes that the fields of a form which are no files may have together; they are held in memory."""


async def read_form(inflow: Inflow, request: Request, limit: int, uploads: Uploads) -> None:
    """Read a whole form into a request: its ``body``, ``files`` and ``upload``. A checkpoint.

    Args:
        inflow: Brings the body.
        request: Whose headers name the boundary.
        limit: Bytes that the body may have.
        uploads: Count the bytes until the upload is closed.

    Raises:
        GatewayError: InvalidRequest for what is no form, TooLarge, Overloaded, ClientGone, SpoolFailed.
    """
    reader = FormReader(boundary_of(request.headers.get("content-type", "")))
    held = 0

    def take(size: int) -> None:
        nonlocal held
        uploads.take(size)
        held += size

    spool = Spool(on_close=lambda: uploads.release(held))
    form = _Form(spool)
    try:
        async with aclosing(inflow.pour(limit, uploads, take, unpacked=True)) as parts:
            async for part in parts:
                for event in reader.feed(part):
                    await form.take(event)
        reader.finish()
        request.body = form.body()
    except BaseException:
        spool.close()
        raise
    request.files = tuple(form.files)
    request.upload = spool


class _Form:
    """A form while it comes in."""

    def __init__(self, spool: Spool) -> None:
        self.files: list[SentFile] = []
        self._spool = spool
        self._head: PartHead | None = None
        self._text = bytearray()
        self._start = 0
        self._size = 0
        self._values: dict[str, Any] = {}

    async def take(self, event: Event) -> None:
        """Take one event of the reader."""
        if isinstance(event, PartHead):
            self._head = event
            self._text.clear()
            self._start = self._spool.size
        elif self._head is None:
            return
        elif event is None:
            self._add(self._head)
            self._head = None
        elif self._head.filename is not None:
            await self._spool.write(event)
        else:
            self._size += len(event)
            if self._size > MAX_FIELDS:
                raise TooLarge(f"the fields of the form are over {size_text(MAX_FIELDS)}, the limit without its files")
            self._text += event

    def body(self) -> bytes:
        """Return the fields as JSON."""
        return msgspec.json.encode(self._values)

    def _add(self, head: PartHead) -> None:
        name = head.name.removesuffix("[]")
        value: Any
        if head.filename is None:
            try:
                value = self._text.decode()
            except UnicodeDecodeError as error:
                raise malformed(f"the field {name!r} is not UTF-8") from error
        else:
            extent = Extent(self._spool, self._start, self._spool.size - self._start)
            self.files.append(SentFile(name, head.filename, head.media_type, extent))
            value = {"filename": head.filename, "media_type": head.media_type, "size": extent.size}
        if name in self._values:
            before = self._values[name]
            self._values[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            self._values[name] = [value] if head.name.endswith("[]") else value
