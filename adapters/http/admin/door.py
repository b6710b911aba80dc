"""The door of the admin room. It asks for the key before anything of the room is even loaded.

The room routes by itself, so what it is given must be the very path that was judged here: only a plain one comes in.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from sluicegate.pipeline.config.sections import MetricsSettings
from sluicegate.pipeline.directory import Known
from sluicegate.pipeline.errors import Forbidden, GatewayError, InvalidRequest, RateLimited, Unauthorized

from .. import headers, routes
from ..admin_key import AdminKey, offered
from ..asgi import App, Message, find_header
from ..routes import Room
from ..throttle import Throttle, address_of
from ..visit import Visit
from .identities import IdentityPages
from .pages import Pages

# Basic, since a browser can ask for it: nothing else signs a person in to a page that is not delivered yet.
CHALLENGE = (b"www-authenticate", b'Basic realm="sluicegate admin", charset="UTF-8"')
LOOKING = ("GET", "HEAD")
audit = logging.getLogger("sluicegate.audit")
Finder = Callable[[str], Awaitable[Known | None]]
"""Finds out whose an API key or token is; may raise GatewayError."""


class AdminDoor:
    """Lets in who has the key, or an API key or token with the role of an admin.

    Args:
        key: The key.
        pages: What the room shows.
        metrics: Who may read the figures.
        find: Finds API keys and tokens; by default there are none.
        identities: The pages on API keys, where these are kept.
    """

    def __init__(
        self,
        key: AdminKey,
        pages: Pages,
        metrics: MetricsSettings,
        *,
        find: Finder | None = None,
        identities: IdentityPages | None = None,
    ) -> None:
        self._key = key
        self._find = find
        self._pages = pages
        self._identities = identities
        self._throttle = Throttle()
        self._public = metrics.public
        self._app: App | None = None
        self._building = trio.Lock()

    async def enter(self, visit: Visit, room: Room) -> None:
        """Answer a request for one of the room's pages. A checkpoint."""
        if not routes.is_plain(visit.target):
            message = "a path of the admin room is written plainly: beginning with /, without percent-encoding"
            await visit.refuse(InvalidRequest(message, code="invalid_target"))
            return
        public = self._public and room is Room.METRICS
        entering = "anybody" if public else await self._entering(visit)
        if isinstance(entering, GatewayError):
            await visit.refuse(entering, *((CHALLENGE,) if entering.status == 401 else ()))
            return
        looking = visit.scope["method"] in LOOKING
        if looking:
            await visit.inflow.discard()
        app = await self._room()
        answer = _Answer(visit, None if looking else entering)
        scope = {**visit.scope, "path": visit.path, "raw_path": visit.path.encode("ascii")}
        try:
            await app(scope, answer.receive, answer.send)
        finally:
            answer.note("no answer")

    async def _entering(self, visit: Visit) -> str | GatewayError:
        """Return who is let in, or why somebody is not. Who tries one key after the other has to wait."""
        address = address_of(visit.scope)
        if wait := self._throttle.wait(address):
            message = "too many wrong keys came from this address"
            return RateLimited(message, code="too_many_attempts", retry_after=wait)
        method = visit.scope["method"]
        if self._key.opens(visit.headers, method):
            return "the admin key"
        given = [text for text in offered(visit.headers, method) if text]
        try:
            asked = [await self._find(text) for text in given] if self._find is not None else []
        except GatewayError as error:
            if isinstance(error, Unauthorized):
                self._throttle.failed(address)
            return error
        found = [known for known in asked if known is not None]
        good = [known for known in found if known.refused is None]
        for known in good:
            if known.caller.role == "admin":
                return f"API key {known.caller.key_name!r}"
        if good:
            message = f"API key {good[0].caller.key_name!r} is not that of an admin"
            return Forbidden(message, code="not_an_admin")
        if given:
            self._throttle.failed(address)
        if found:
            return Unauthorized(f"API key {found[0].caller.key_name!r} {found[0].refused}", code="invalid_admin_key")
        message = (
            "this path answers to the admin key, or an API key with the role admin: as bearer token, in x-api-key, "
            "or as the password of Basic"
        )
        return Unauthorized(message, code="invalid_admin_key")

    async def _room(self) -> App:
        """Return the room, built at its first use: importing Quart takes longer than starting the gateway."""
        async with self._building:
            if self._app is None:
                self._app = await trio.to_thread.run_sync(_build, self._pages, self._identities)
            return self._app


class _Answer:
    """The room's way out. It tells that the client has left only when the last of the answer has been sent.

    The server also says "gone" when an answer is complete, from inside the very ``send`` of its end; the room cancels
    what is under way when it hears that, and would keep the server from closing the connection.

    Args:
        changer: Who changes something, of which there has to be a line in the log before the answer leaves.
    """

    def __init__(self, visit: Visit, changer: str | None) -> None:
        self._visit = visit
        self._changer = changer
        self._begun = False
        self._sent = trio.Event()

    async def receive(self) -> Message:
        """Return what has come of the request. A checkpoint."""
        message = await self._visit.receive()
        if message["type"] == "http.disconnect" and self._begun:
            await self._sent.wait()
        return message

    async def send(self, message: Message) -> None:
        """Pass a message of the answer to the server. A checkpoint."""
        self._begun = True
        if message["type"] == "http.response.start":
            place = find_header(message.get("headers", ()), b"location")
            self.note(str(message["status"]), place.decode("latin-1") if place else "")
            message = {**message, "headers": [*message.get("headers", ()), *headers.identity(self._visit.label)]}
        await self._visit.put(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._sent.set()

    def note(self, outcome: str, place: str = "") -> None:
        """Log what has become of a change, unless that has been done: of something new also where it is."""
        changer, self._changer = self._changer, None
        if changer is not None:
            told = (self._visit.scope["method"], place or self._visit.path, outcome, changer)
            audit.info("%s %s: %s, by %s from %s", *told, address_of(self._visit.scope))


def _build(pages: Pages, identities: IdentityPages | None) -> App:
    from .app import build_app

    return build_app(pages, identities)
