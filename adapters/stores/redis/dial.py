"""New connections: TCP, TLS or a Unix socket, and the greeting. All of it ends with a link, or with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hiredis
import trio
from redis.exceptions import AuthenticationError, RedisError

from sluicegate.pipeline.errors import StoreUnavailable

from .address import Address
from .link import NOTHING, READ, Link, LinkLost, new_reader

CONNECT = 1.0
"""Seconds for all of it: the name, TCP, TLS and the greeting."""
NAME = "sluicegate"
"""What the server's CLIENT LIST calls the connection."""


async def dial(
    address: Address,
    timeout: float,
    on_push: Callable[[list[Any]], None],
    unavailable: Callable[[str], StoreUnavailable],
) -> Link:
    """Return a link to a server that has just answered within ``timeout``. A checkpoint.

    Raises:
        LinkLost: There is none to be had. The text says why, and holds no secret.
    """
    patience = max(CONNECT, 2 * timeout)
    with trio.move_on_after(patience):
        stream = await _connect(address)
        try:
            if address.tls is not None:
                stream = await _secured(stream, address)
            reader = new_reader()
            await _greet(stream, reader, address, timeout)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return Link(stream, reader, timeout, on_push, unavailable)
    raise LinkLost(f"no connection within {patience:g} s")


async def _connect(address: Address) -> trio.abc.Stream:
    try:
        if address.path:
            return await trio.open_unix_socket(address.path)
        return await trio.open_tcp_stream(address.host, address.port)
    except (OSError, UnicodeError) as error:  # the latter for what cannot be the name of a host
        raise LinkLost(f"no connection: {_first_reason(error)}") from error


def _first_reason(error: BaseException) -> str:
    """Return what the system says; trio tells of several addresses in a group."""
    while isinstance(error.__cause__, OSError | ExceptionGroup):
        error = error.__cause__
    if isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    told = getattr(error, "strerror", None)
    # trio puts the address in front.
    return told.rpartition("): ")[2] if told else type(error).__name__


async def _secured(stream: trio.abc.Stream, address: Address) -> trio.abc.Stream:
    assert address.tls is not None
    try:
        context = await trio.to_thread.run_sync(address.tls.make_context)
    except OSError as error:
        raise LinkLost(f"the certificates of its TLS cannot be read: {error.strerror or error}") from error
    secured = trio.SSLStream(stream, context, server_hostname=address.host, https_compatible=True)
    try:
        await secured.do_handshake()
    except trio.BrokenResourceError as error:
        raise LinkLost(f"the TLS handshake failed: {error.__cause__ or 'it was broken off'}") from error
    return secured


async def _greet(stream: trio.abc.Stream, reader: hiredis.Reader, address: Address, timeout: float) -> None:
    """Agree on RESP3, say who we are, take the database, and see how long an answer takes."""
    hello: list[str | int] = ["HELLO", 3]
    if address.password or address.username:
        hello += ["AUTH", address.username or "default", address.password]
    await _ask(stream, reader, *hello, "SETNAME", NAME)
    if address.database:
        await _ask(stream, reader, "SELECT", address.database)
    with trio.move_on_after(timeout) as scope:
        # A server that is slower than every call's deadline is of no use, however well it connects.
        await _ask(stream, reader, "PING")
    if scope.cancelled_caught:
        raise LinkLost(f"it is slower than {timeout:g} s")


async def _ask(stream: trio.abc.Stream, reader: hiredis.Reader, *command: str | int) -> None:
    try:
        await stream.send_all(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub says one argument
        while (reply := reader.gets()) is NOTHING:
            data = await stream.receive_some(READ)
            if not data:
                raise LinkLost("the server has closed the connection")
            reader.feed(bytes(data))
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        raise LinkLost("the connection broke") from error
    except hiredis.ProtocolError as error:
        raise LinkLost("what answers there is no Redis") from error
    if isinstance(reply, RedisError):
        raise LinkLost(_refusal(str(command[0]), reply))


def _refusal(command: str, error: RedisError) -> str:
    """Say why a greeting was refused; the server's words stay out, since nobody knows what they quote."""
    if isinstance(error, AuthenticationError):
        return "it does not take our user and password"
    word = str(getattr(error, "status_code", None) or str(error).partition(" ")[0])
    if command == "HELLO" and (word == "NOPROTO" or "unknown command" in str(error)):
        return "it does not speak RESP3, as Redis does from version 6 on"
    return f"it has refused {command}: {word[:32]}"
