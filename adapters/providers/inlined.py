"""JSON with the files of a form in it, in base64: written around where they lie, so that none of them is in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import msgspec

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.files import Base64, Extent, Joined, SentFile
from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.request import Request

IMAGES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
"""By what a file's name ends in."""


def images_in(request: Request, dropped: Dropped) -> list[SentFile]:
    """Return the images of a form that asks to change them. Raises InvalidRequest where there is a mask, or none."""
    if any(file.field == "mask" for file in request.files):
        raise dropped.unsupported("mask")
    images = [file for file in request.files if file.field == "image"]
    if not images:
        raise InvalidRequest("the request has no image", param="image", code="missing_required_parameter")
    return images


def image_type(file: SentFile) -> str:
    """Return the media type of an image, by what its sender says, or else by its name."""
    given = file.media_type.partition(";")[0].strip().lower()
    if given.startswith("image/"):
        return given
    return IMAGES.get(file.filename.rpartition(".")[2].lower(), "image/png")


def write_inlined(files: Sequence[SentFile], written: Callable[[list[str]], object]) -> Joined:
    """Return JSON with files in it.

    Args:
        files: In any order.
        written: Makes what is encoded, of texts that stand for the files' bytes in base64, in the same order.
    """
    # Nobody can have put these into a text of theirs.
    marks = [secrets.token_hex(16) for _ in files]
    rest = msgspec.json.encode(written(marks))
    places = sorted((rest.index(mark.encode()), mark, file) for mark, file in zip(marks, files, strict=True))
    parts: list[bytes | Extent | Base64] = []
    start = 0
    for place, mark, file in places:
        parts += [rest[start:place], Base64(file.extent)]
        start = place + len(mark)
    return Joined([*parts, rest[start:]])
