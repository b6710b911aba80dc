"""The contract with those who keep takes of exchanges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .take import Take


class Recorder(Protocol):
    """Keeps takes."""

    def take(self, take: Take, arrived: float) -> None:
        """Keep a take, or drop and count it where there is no room. Never waits.

        Args:
            take: Its arrival is set by the recorder.
            arrived: When the request came, in seconds since the epoch.
        """
        ...


class Recorders(Protocol):
    """Opens recorders, and ends them with the gateway."""

    def open(self, folder: Path, *, max_file: int, max_files: int, max_queue: int) -> Recorder:
        """Return a recorder that writes cassettes into a folder.

        Args:
            folder: Made if it is not there.
            max_file: Bytes after which a cassette is followed by a new one.
            max_files: The most cassettes in the folder; the oldest go first.
            max_queue: The most bytes that wait to be written.

        Raises:
            ValueError: Nothing can be written there.
        """
        ...

    async def aclose(self) -> None:
        """Write what waits and close all files. A checkpoint. The caller may have little time."""
        ...


class NoRecorders:
    """For a gateway that is made of parts, without any that could write."""

    def open(self, folder: Path, *, max_file: int, max_files: int, max_queue: int) -> Recorder:
        """Raise ValueError."""
        raise ValueError(f"nothing in this gateway can write to {folder}")

    async def aclose(self) -> None:
        """Do nothing: there is no recorder."""
