"""What a stream's chunks may need on their way, where a server's are not quite OpenAI's."""

from __future__ import annotations

from typing import Protocol


class ChunkMender(Protocol):
    """Brings the chunks of one stream into OpenAI's form."""

    @property
    def usage(self) -> object:
        """The usage that was reported last, as JSON that was decoded; None before the first."""
        ...

    def mend(self, data: bytes) -> list[bytes]:
        """Return the chunks that take the place of this one. What is no chunk comes back as it is.

        Raises:
            GatewayError: It reports an error of the provider's. Malformed: It is not of the API at all.
        """
        ...

    def end(self) -> list[bytes]:
        """Return the chunks that were held back: the answer is complete."""
        ...
