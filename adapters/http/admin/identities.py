"""What the admin pages on keys, users and teams take and tell, as plain values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from sluicegate.adapters.identity.directory import DatabaseDirectory
from sluicegate.adapters.identity.errors import DirectoryUnavailable, UnusableKeySecret
from sluicegate.adapters.identity.records import Kind
from sluicegate.adapters.identity.views import OVERLAP, read_overlap, view
from sluicegate.pipeline.errors import InvalidRequest

PAGE = 100
MAX_PAGE = 1000
PLACES: dict[Kind, str] = {"key": "/admin/keys", "user": "/admin/users", "team": "/admin/teams"}
"""The paths of all of a kind; one of them stands below, by its id."""
ROTATE = "/admin/keys/<id>/rotate"
REVOKE = "/admin/keys/<id>/revoke"
_FILTERS: dict[Kind, tuple[str, ...]] = {"key": ("user", "team", "name"), "user": ("team", "name"), "team": ("name",)}


class IdentityPages:
    """The pages of one gateway. All methods are checkpoints, and raise GatewayError.

    Args:
        directory: What this worker knows; it hears of each change at once, and the others within a second.
    """

    def __init__(self, directory: DatabaseDirectory) -> None:
        self._directory = directory
        self._identities = directory.identities

    async def list(self, kind: Kind, query: Mapping[str, str]) -> dict[str, Any]:
        """Return one page of a kind."""
        known = ("limit", "after", *_FILTERS[kind])
        for name in query:
            if name not in known:
                raise InvalidRequest(
                    f"{name[:64]!r} is no parameter here; there are: {', '.join(known)}", param=name[:64]
                )
        told = {name: value for name, value in query.items() if name != "limit"}
        page = await self._identities.page(kind, limit=_limit(query.get("limit", str(PAGE))), **told)
        rows = [self._view(one) for one in page.records]
        return {"data": rows, "has_more": page.more, "next": page.records[-1].id if page.more else None}

    async def get(self, kind: Kind, id: str) -> dict[str, Any]:
        """Return one."""
        return self._view(await self._identities.get(kind, id))

    async def create(self, kind: Kind, body: bytes) -> dict[str, Any]:
        """Make one. Of a key the answer is the only one that ever has its text."""
        given = _object(body)
        async with self._changing():
            if kind == "key":
                issued = await self._identities.create_key(given)
                return {**self._view(issued.key), "key": issued.text}
            return self._view(await self._identities.create(kind, given))

    async def change(self, kind: Kind, id: str, body: bytes) -> dict[str, Any]:
        """Change what the body names."""
        given = _object(body)
        async with self._changing():
            return self._view(await self._identities.change(kind, id, given))

    async def delete(self, kind: Kind, id: str) -> dict[str, Any]:
        """Delete one."""
        async with self._changing():
            await self._identities.delete(kind, id)
        return {"id": id, "deleted": True}

    async def rotate(self, id: str, body: bytes) -> dict[str, Any]:
        """Give a key a new text, which nobody is told again."""
        given = _object(body) if body else {}
        for name in given:
            if name != "overlap":
                raise InvalidRequest(f"{name[:64]!r} is not known; there is: overlap", param=name[:64])
        overlap = read_overlap(given.get("overlap", OVERLAP))
        async with self._changing():
            issued = await self._identities.rotate(id, overlap)
        return {**self._view(issued.key), "key": issued.text}

    async def revoke(self, id: str) -> dict[str, Any]:
        """Make a key good for nothing."""
        async with self._changing():
            return self._view(await self._identities.revoke(id))

    def _view(self, record: Any) -> dict[str, Any]:
        return view(record, self._identities.wall())

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        """Let this worker's directory hear of what the block changes."""
        try:
            yield
            await self._directory.refresh()
        except UnusableKeySecret as error:
            raise DirectoryUnavailable(str(error)) from error


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_PAGE):
        raise InvalidRequest(f"limit must be a whole number from 1 to {MAX_PAGE}", param="limit")
    return int(text)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest("the body is no JSON", code="invalid_json") from error
    if not isinstance(found, dict):
        raise InvalidRequest("the body must be a JSON object", code="invalid_json")
    return found
