"""Azure's streams: OpenAI's, with chunks in between that hold nothing but what its content filter found."""

from __future__ import annotations

from ..family.answers import read_json

_SAYS = ("usage", "error", "message", "detail")


class AzureMender:
    """Takes out the chunks of the filter alone.

    The first of them has an empty id and object, which clients would take for those of the answer. Later ones may
    come behind the end, with choices that lack a delta. The others pass as the bytes they came as.
    """

    @property
    def usage(self) -> object:
        """None: chunks keep their usage."""
        return None

    def mend(self, data: bytes) -> list[bytes]:
        """Return the chunk, or nothing in its place."""
        if b'"delta"' in data:
            return [data]
        top = read_json(data)
        return [data] if top is None or any(top.get(name) for name in _SAYS) else []

    def end(self) -> list[bytes]:
        """Return nothing: nothing is held back."""
        return []
