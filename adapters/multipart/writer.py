"""Forms as providers are sent them: the caller's fields with the target's model, and its files from where they lie.

Source: https://www.rfc-editor.org/rfc/rfc7578, and https://html.spec.whatwg.org/#multipart-form-data for names.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence

from sluicegate.pipeline.files import Extent, Joined, SentFile

_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:; ?[A-Za-z0-9-]+=[A-Za-z0-9_.+-]+)*")


def write_form(fields: Iterable[tuple[str, str]], files: Sequence[tuple[str, SentFile]]) -> tuple[str, Joined]:
    """Return a form, and the media type that tells its boundary.

    Args:
        fields: (name, text), in order.
        files: (name of the field, file), in order.
    """
    boundary = f"sluicegate-{secrets.token_hex(16)}"
    parts: list[bytes | Extent] = []
    for name, text in fields:
        parts.append(f"{_head(boundary, name)}\r\n\r\n{text}\r\n".encode())
    for name, file in files:
        media_type = file.media_type if _MEDIA_TYPE.fullmatch(file.media_type) else "application/octet-stream"
        filename = file.filename.translate(_ESCAPES)
        head = f'{_head(boundary, name)}; filename="{filename}"\r\ncontent-type: {media_type}\r\n\r\n'
        parts += (head.encode(), file.extent, b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", Joined(parts)


def _head(boundary: str, name: str) -> str:
    return f'--{boundary}\r\ncontent-disposition: form-data; name="{name.translate(_ESCAPES)}"'
