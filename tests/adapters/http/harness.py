"""A gateway behind a real server on a real socket, and a client that can misbehave byte by byte."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import h11
import trio

from sluicegate.adapters.http.admin.door import AdminDoor
from sluicegate.adapters.http.admin.identities import IdentityPages
from sluicegate.adapters.http.admin.pages import Pages
from sluicegate.adapters.http.admin_key import AdminKey
from sluicegate.adapters.http.app import FrontDoor
from sluicegate.adapters.http.h1.limits import Limits
from sluicegate.adapters.http.server import serve_http
from sluicegate.adapters.http.sockets import listen
from sluicegate.adapters.identity.directory import DatabaseDirectory
from sluicegate.assembly import build
from sluicegate.cli.exposure import needs_key
from sluicegate.cli.front import finder
from sluicegate.pipeline.config.load import load_values
from sluicegate.pipeline.config.sections import GatewayConfig, ServerSettings
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.registry import Registry
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.stage import Lane
from sluicegate.pipeline.topology import Placed, compile_topology
from tests.secrets_of_tests import secret

ADMIN_KEY = secret("the-admin-key-of-the-tests")
SIMULATOR = {"sim": {"type": "simulator"}}
CHAT = {"model": "sim/any", "messages": [{"role": "user", "content": "Hello"}]}


@dataclass
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object; all four keys must be there."""
        error = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return error

    @property
    def events(self) -> list[str]:
        """The data of a stream's events."""
        return [event.removeprefix("data: ") for event in self.body.decode().split("\n\n") if event]


@dataclass
class House:
    """A running gateway and where it listens."""

    gateway: Gateway
    port: int
    records: list[dict[str, Any]] = field(default_factory=list)

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def raw(self, data: bytes) -> Answer:
        """Send bytes on a new connection and return the answer to them."""
        async with await self.connect() as stream:
            # A server may answer, and close, before it has read everything.
            with suppress(trio.BrokenResourceError):
                await stream.send_all(data)
            return await read_answer(stream)

    async def ask(self, method: str, path: str, body: Any = None, headers: Sequence[tuple[str, str]] = ()) -> Answer:
        """Ask on a new connection; a body that is not bytes is sent as JSON."""
        return await self.raw(request(method, path, body, headers))

    async def chat(self, **fields: Any) -> Answer:
        return await self.ask("POST", "/v1/chat/completions", {**CHAT, **fields})

    async def assert_well(self) -> None:
        """A new connection gets a good answer, and nothing is left in flight."""
        answer = await self.ask("GET", "/health")
        assert (answer.status, answer.json["status"]) == (200, "ok")
        await self.until_idle()

    async def until_idle(self) -> None:
        with trio.fail_after(10):
            while self.gateway.in_flight:  # noqa: ASYNC110  # nothing tells when a server has noticed
                await trio.sleep(0.005)
            # An answer has left before its exchange is settled and in the log.
            await self.gateway.topology.settle.idle()


def request(method: str, path: str, body: Any = None, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return the bytes of a request."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in headers)]
    if body is not None:
        lines.append(f"content-length: {len(data)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


async def read_answer(stream: trio.SocketStream, *, method: str = "GET") -> Answer:
    """Read one answer; an answer cut short is not complete."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
    connection.send(h11.EndOfMessage())
    answer = Answer(0, {}, b"", complete=False)
    with trio.fail_after(10):
        while True:
            try:
                event = connection.next_event()
            except h11.RemoteProtocolError:
                return answer
            if event is h11.NEED_DATA:
                try:
                    connection.receive_data(await stream.receive_some())
                except trio.BrokenResourceError:
                    return answer
            elif isinstance(event, h11.Response):
                answer.status = event.status_code
                answer.headers = {name.decode(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                answer.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                answer.complete = True
                return answer
            elif isinstance(event, h11.ConnectionClosed):
                return answer


@asynccontextmanager
async def house(*components: type, directory: DatabaseDirectory | None = None, **sections: Any) -> AsyncIterator[House]:
    """Run the default pipeline with these sections of a configuration; by default the simulator answers.

    Args:
        components: Stages and providers beside the installed ones.
        directory: Of keys in a database, which is not kept up to date.
        sections: Of the configuration.
    """
    registry = Registry()
    for component in components:
        registry.add(component)
    config = load_values({"providers": SIMULATOR, **sections}, {}, registry).config
    records: list[dict[str, Any]] = []
    async with _open(build(config, registry, access_log=records.append, directory=directory), config) as running:
        running.records = records
        yield running


@asynccontextmanager
async def house_of(
    *stages: object, settings: ServerSettings | None = None, limits: Limits | None = None
) -> AsyncIterator[House]:
    """Run these stages, all in the REQUEST lane."""
    settings = settings or ServerSettings()
    placed = [Placed(f"stage{index}", Lane.REQUEST, stage) for index, stage in enumerate(stages)]
    topology = compile_topology(placed, max_in_flight=settings.max_in_flight)
    config = GatewayConfig(server=settings)
    async with _open(Gateway(topology, settings, Resources()), config, limits) as running:
        yield running


@asynccontextmanager
async def _open(gateway: Gateway, config: GatewayConfig, limits: Limits | None = None) -> AsyncIterator[House]:
    directory = gateway.resources.directory
    door = AdminDoor(
        AdminKey(ADMIN_KEY),
        Pages(gateway, config, version="1.2.3"),
        config.metrics,
        find=finder(gateway, config),
        identities=IdentityPages(directory) if isinstance(directory, DatabaseDirectory) else None,
    )
    front = FrontDoor(gateway, door, version="1.2.3", keyless=lambda: not needs_key(gateway, config))
    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    closing = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(gateway.run)
        await nursery.start(partial(serve_http, front, sock, closing.wait, config.server, limits=limits))
        yield House(gateway, port)
        nursery.cancel_scope.cancel()
