"""Files that a program gives: a path, bytes, or an object that is open for reading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import trio

from sluicegate.adapters.multipart.spool import Spool
from sluicegate.pipeline.errors import InvalidRequest, TooLarge
from sluicegate.pipeline.files import PIECE, Extent, SentFile

FileLike = str | os.PathLike[str] | bytes | IO[bytes]
"""A path, the bytes themselves, or an object open for reading bytes, which stays open."""
DEFAULT_NAME = "audio.wav"
"""Providers tell by the name of a file what is in it; bytes have none of their own."""


async def kept(field: str, file: FileLike, filename: str, limit: int) -> SentFile:
    """Return a file, copied to where it can be read as often as there are attempts. A checkpoint.

    Args:
        field: The name of its field in the request.
        file: The file.
        filename: What to call it; by default its own name.
        limit: Bytes that it may have.

    Raises:
        InvalidRequest: It cannot be opened or read.
        TooLarge: It is over ``limit``.
    """
    spool = Spool()
    try:
        if isinstance(file, bytes):
            await _copy_bytes(file, spool, limit)
        elif isinstance(file, str | os.PathLike):
            async with await trio.open_file(file, "rb") as opened:
                await _copy(opened.wrapped, spool, limit)
        else:
            await _copy(file, spool, limit)
    except OSError as error:
        spool.close()
        raise InvalidRequest(f"{field}: the file cannot be read: {error.strerror or error}", param=field) from error
    except BaseException:
        spool.close()
        raise
    return SentFile(field, filename or _name_of(file), "", Extent(spool, 0, spool.size))


async def _copy_bytes(data: bytes, spool: Spool, limit: int) -> None:
    _check(len(data), limit)
    for start in range(0, len(data), PIECE):
        await spool.write(data[start : start + PIECE])


async def _copy(file: IO[bytes], spool: Spool, limit: int) -> None:
    while piece := await trio.to_thread.run_sync(file.read, PIECE):
        _check(spool.size + len(piece), limit)
        await spool.write(piece)


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"the file has over {limit} bytes, the limit (server.max_upload)")


def _name_of(file: FileLike) -> str:
    if isinstance(file, bytes):
        return DEFAULT_NAME
    name = file if isinstance(file, str | os.PathLike) else getattr(file, "name", "")
    return Path(name).name or DEFAULT_NAME if isinstance(name, str | os.PathLike) else DEFAULT_NAME
