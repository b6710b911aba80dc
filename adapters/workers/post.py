"""What a worker is given at its start: the configuration, as it was checked, and open files by their numbers.

It travels as a pickle, since that is the only form that has settings of every stage, those of others too, exactly as
they were checked; both ends are this program, and nobody else can write to the channel.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import NamedTuple

from sluicegate.pipeline.config.sections import GatewayConfig


class Files(NamedTuple):
    """The files that a worker inherits, by their numbers.

    Attributes:
        listener: The socket that all workers accept from.
        log_lock: The file whose lock is held while log lines are written.
        counters: The memory that all workers count in, as `create_memory` makes it.
    """

    listener: int
    log_lock: int
    counters: int


@dataclass(frozen=True, slots=True)
class Post:
    """What a worker works by.

    Attributes:
        admin_key: The key to the admin pages.
        log_level: The least level of a line that is written.
    """

    config: GatewayConfig = field(repr=False)
    files: Files
    admin_key: str = field(repr=False)
    log_level: str

    def dump(self) -> bytes:
        """Return this as bytes.

        Raises:
            TypeError: The settings of a stage hold something that cannot be pickled.
        """
        try:
            return pickle.dumps(self)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(f"the configuration cannot be handed to a worker: {error}") from error

    @staticmethod
    def load(data: bytes) -> Post:
        """Return what `dump` was called on."""
        post = pickle.loads(data)
        assert isinstance(post, Post)
        return post
