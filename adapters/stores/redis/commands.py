"""Redis' commands as redis-py has them, carried by a multiplexer in place of its own connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

import hiredis
import redis
from redis.commands.core import AsyncCoreCommands
from redis.exceptions import DataError, RedisError

from .multiplexer import Multiplexer

_REFUSED = {
    "makes everybody else wait": "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF",
    "changes the connection": "ASKING AUTH DISCARD EXEC HELLO MULTI QUIT READONLY READWRITE RESET SELECT UNWATCH WATCH",
    "has no reply": "MONITOR PSUBSCRIBE PSYNC PUNSUBSCRIBE SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE",
}
REFUSED = {name: why for why, names in _REFUSED.items() for name in names.split()} | {
    "CLIENT REPLY": "has no reply",
    "CLIENT TRACKING": "changes the connection",
    "CLIENT CACHING": "changes the connection",
}
"""Commands that cannot share a connection, and why."""
_BLOCKING = frozenset({"XREAD", "XREADGROUP"})
_NOT_FOR_CALLBACKS = "keys"
"""What redis-py's commands tell of themselves to its own cache."""


class Commands(AsyncCoreCommands):
    """All commands that can share a connection. Each is a checkpoint.

    Raises, in each:
        StoreUnavailable: There is no reply in time.
        redis.exceptions.ResponseError: The reply is an error.
        redis.exceptions.DataError: It is a command that cannot share a connection, or cannot be sent.
    """

    _is_async_client: Literal[True] = True
    _event_dispatcher = None  # type: ignore[assignment]  # only redis-py's own connections tell it anything

    def __init__(self, multiplexer: Multiplexer) -> None:
        self._ask = multiplexer.ask
        self._callbacks = _callbacks()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command, and return its reply as redis-py makes it of what the server has sent."""
        name = args[0]
        if name in REFUSED or name in _BLOCKING or " " in name:
            args = _checked(args)
        try:
            command = hiredis.pack_command(args)
        except TypeError as error:
            raise DataError(str(error)) from error
        reply = await self._ask(command)
        if isinstance(reply, RedisError):
            raise reply
        callback = self._callbacks.get(name)
        if callback is None:
            return reply
        options.pop(_NOT_FOR_CALLBACKS, None)
        return callback(reply, **options)


@cache
def _callbacks() -> Mapping[str, Callable[..., Any]]:
    # Of a client that never connects: where redis-py keeps the table itself is its own affair. Its kind of dict knows
    # names in any case, at a price; commands have them in capitals.
    return dict(redis.Redis(protocol=3).response_callbacks)


def _checked(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a command as it is sent, unless it cannot share a connection."""
    name: str = args[0]
    why = REFUSED.get(name)
    if why is None and name in _BLOCKING and any(one in ("BLOCK", b"BLOCK") for one in args):
        why = REFUSED["BLPOP"]
    if why is not None:
        raise DataError(f"{name} needs a connection of its own: it {why}")
    return (*name.split(), *args[1:])
