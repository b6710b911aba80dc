"""What can be said of the database: the ledger's, and that of keys."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from .kinds import Duration, Secret, Size


class DatabaseSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Where the ledger, and keys that are made while the gateway runs, are kept."""

    url: Annotated[
        Secret,
        Meta(
            description="sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/NAME for several hosts. Unset, `serve` has "
            "a file in its state folder, and a library none."
        ),
    ] = Secret("")
    retention: Annotated[Duration, Meta(ge=0, description="How long rows of the ledger are kept; 0s is for ever.")] = (
        90 * 86_400.0
    )
    flush: Annotated[
        Duration,
        Meta(
            gt=0,
            le=60,
            description="For how long rows are gathered before they are written: as much is lost by kill -9.",
        ),
    ] = 0.1
    queue: Annotated[
        int, Meta(ge=100, description="Rows that wait to be written, in a worker; what is more goes to the spool.")
    ] = 10_000
    spool: Annotated[
        Size,
        Meta(
            ge=0,
            description="Bytes on disk, for each worker, of rows that the database does not take; what is more is "
            "lost, and counted in the log.",
        ),
    ] = 256 * 1024 * 1024
