"""The paths of the admin room that lead to keys, users and teams."""

from __future__ import annotations

from typing import Any

import msgspec
from quart import Response, request
from quart_trio import QuartTrio

from sluicegate.adapters.identity.records import Kind

from .identities import PLACES, REVOKE, ROTATE, IdentityPages


def add_identities(app: QuartTrio, pages: IdentityPages) -> None:
    """Add them to the room."""
    for kind, place in PLACES.items():
        _add_kind(app, pages, kind, place)
    _add_changes_of_keys(app, pages)


def _add_kind(app: QuartTrio, pages: IdentityPages, kind: Kind, place: str) -> None:
    async def many() -> Response:
        return _json(await pages.list(kind, request.args))

    async def one(id: str) -> Response:
        return _json(await pages.get(kind, id))

    async def create() -> Response:
        made = await pages.create(kind, await body_of_request())
        answer = _json(made, status=201)
        answer.headers["location"] = f"{place}/{made['id']}"
        return answer

    async def change(id: str) -> Response:
        return _json(await pages.change(kind, id, await body_of_request()))

    async def delete(id: str) -> Response:
        return _json(await pages.delete(kind, id))

    for path, method, page in (
        (place, "GET", many),
        (place, "POST", create),
        (f"{place}/<id>", "GET", one),
        (f"{place}/<id>", "PATCH", change),
        (f"{place}/<id>", "DELETE", delete),
    ):
        app.add_url_rule(path, endpoint=f"{method} {path}", view_func=page, methods=[method])


def _add_changes_of_keys(app: QuartTrio, pages: IdentityPages) -> None:
    @app.post(ROTATE)
    async def rotate(id: str) -> Response:
        return _json(await pages.rotate(id, await body_of_request()))

    @app.post(REVOKE)
    async def revoke(id: str) -> Response:
        return _json(await pages.revoke(id))


async def body_of_request() -> bytes:
    body = await request.get_data(as_text=False)
    return body if isinstance(body, bytes) else body.encode()


def _json(value: dict[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value, enc_hook=str), status=status, content_type="application/json")
