"""The admin room: a Quart application whose visitors have shown the admin key before they come here."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec
from quart import Response
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from sluicegate.adapters.telemetry.exposition import MEDIA_TYPE
from sluicegate.pipeline.errors import GatewayError, MethodNotAllowed, NotFound, TooLarge

from ..asgi import App
from ..openai_dialect import OPENAI
from ..reloading import CannotReload
from ..sizes import size_text
from .identities import IdentityPages
from .identity_routes import add_identities, body_of_request
from .ledger import add_ledger
from .pages import Pages

log = logging.getLogger("sluicegate.admin")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The dashboard loads its own script and style, asks its own server, and nothing else."""
MAX_BODY = 64 * 1024
"""Bytes of a request's body."""
_FILES = {
    "": ("dashboard.html", "text/html; charset=utf-8"),
    "/dashboard.js": ("dashboard.js", "text/javascript; charset=utf-8"),
    "/dashboard.css": ("dashboard.css", "text/css; charset=utf-8"),
}


def build_app(pages: Pages, identities: IdentityPages | None = None) -> App:
    """Return the room. Blocks for as long as Quart takes to load: call it in a thread."""
    app = QuartTrio(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.merge_slashes = False  # a path is the one that it is
    _add_pages(app, pages)
    if identities is not None:
        add_identities(app, identities)
    add_ledger(app, pages.ledger)
    _add_dashboard(app, pages)
    _add_errors(app)

    @app.after_request
    async def keep_private(response: Response) -> Response:
        response.headers["cache-control"] = "no-store"
        response.headers["x-content-type-options"] = "nosniff"
        return response

    return app  # type: ignore[return-value]  # Quart names the types of ASGI messages one by one


def _add_pages(app: QuartTrio, pages: Pages) -> None:
    @app.get("/admin/providers")
    async def providers() -> Response:
        return _json(await pages.providers())

    @app.get("/admin/config")
    async def config() -> Response:
        return _json(pages.config())

    @app.get("/admin/circuit-breakers")
    async def circuit_breakers() -> Response:
        return _json(await pages.circuit_breakers())

    @app.post("/admin/reload")
    async def reload() -> Response:
        return _json(await pages.reload())

    @app.post("/admin/tokens/revoke")
    async def revoke_tokens() -> Response:
        return _json(await pages.revoke_tokens(await body_of_request()))

    @app.get("/metrics")
    async def metrics() -> Response:
        return _json(await pages.metrics())

    @app.get("/metrics/prometheus")
    async def prometheus() -> Response:
        return Response(await pages.prometheus(), content_type=MEDIA_TYPE)


def _add_dashboard(app: QuartTrio, pages: Pages) -> None:
    folder = Path(__file__).parent
    for path, (name, media_type) in _FILES.items():
        content = (folder / name).read_bytes()

        async def page(content: bytes = content, media_type: str = media_type) -> Response:
            return Response(content, content_type=media_type, headers={"content-security-policy": POLICY})

        app.add_url_rule(f"/dashboard{path}", endpoint=name, view_func=page, methods=["GET"])

    @app.get("/dashboard/data")
    async def data() -> Response:
        return _json(await pages.dashboard())


def _add_errors(app: QuartTrio) -> None:
    @app.errorhandler(HTTPException)
    async def told(error: HTTPException) -> Response:
        kinds: dict[int | None, GatewayError] = {
            404: NotFound("there is no such admin path"),
            405: MethodNotAllowed("this admin path does not take this method"),
            413: TooLarge(f"body is over {size_text(MAX_BODY)}"),
        }
        response = _error(kinds.get(error.code) or GatewayError(error.name, status=error.code))
        for name, value in error.get_headers():
            if name.lower() == "allow":
                response.headers[name] = value
        return response

    @app.errorhandler(CannotReload)
    async def not_reloaded(error: CannotReload) -> Response:
        told = {**msgspec.json.decode(OPENAI.error(error, "")), "problems": [one.as_dict() for one in error.problems]}
        response = _json(told)
        response.status_code = error.status
        return response

    @app.errorhandler(GatewayError)
    async def refused(error: GatewayError) -> Response:
        return _error(error)

    @app.errorhandler(Exception)
    async def crashed(error: Exception) -> Response:
        log.error("an admin page failed", exc_info=error)
        return _error(GatewayError("the admin page failed"))


def _json(value: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(value, enc_hook=str), content_type="application/json")


def _error(error: GatewayError) -> Response:
    return Response(OPENAI.error(error, ""), status=error.status, content_type="application/json")
