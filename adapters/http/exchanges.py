"""From an HTTP request to an exchange, and the exchange's whole life in this request's own task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import trio

from sluicegate.pipeline.errors import ClientGone, DeadlineExceeded, Fault, GatewayError
from sluicegate.pipeline.gateway import Gateway
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.provider_keys import take_provider_keys
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.generate_names import completed
from sluicegate.pipeline.tags import tags_in

from .credentials import take_credential
from .form import read_form
from .gemini_embedding import turn_reply, turn_request
from .gemini_paths import OPERATIONS, key_in
from .headers import explain_in, timeout_of
from .inflow import Inflow
from .keep_alive import keep_alive
from .outlet import HttpOutlet
from .passing import read_bytes, read_passing
from .responses_paths import query_as_body
from .routes import Intake, Route
from .uploads import Uploads
from .visit import Visit

_NAMED_BY_PATH = frozenset(OPERATIONS.values())


class SlowRequest(GatewayError):
    """The client took longer to send its request than a whole request may take."""

    status = 408
    code = "request_timeout"
    type = "timeout_error"
    fault = Fault.CLIENT


async def read_request(visit: Visit, route: Route, gateway: Gateway, uploads: Uploads, *, subject: str) -> Request:
    """Return the request once all of it is there. Its deadline, as later its exchange's, runs from its head on.

    A checkpoint.

    Raises:
        GatewayError: InvalidRequest for a wrong header, TooLarge, Overloaded, SlowRequest or ClientGone.
    """
    settings = gateway.settings
    headers, credential = take_credential(visit.headers)
    provider_keys = take_provider_keys(headers)
    if credential is None and visit.dialect.name == "gemini":
        credential = key_in(visit.scope["query_string"])
    request = Request(
        operation=route.removal if route.removal and visit.scope["method"] == "DELETE" else route.operation,
        headers=headers,
        dialect=visit.dialect.name,
        credential=credential,
        provider_keys=provider_keys,
        label=visit.label,
        tags=tags_in(headers),
        subject=subject,
        timeout=timeout_of(headers),
        explain="only" if route.explains else explain_in(headers),
    )
    most = min(settings.max_upload, settings.max_incoming)
    if route.intake is Intake.FORM:
        with _in_time(visit, request, gateway):
            await read_form(visit.inflow, request, most, uploads)
    elif route.intake is Intake.BYTES:
        request.passing = read_passing(request, visit.scope["method"], subject, visit.scope["query_string"])
        request.subject = ""
        with _in_time(visit, request, gateway):
            await read_bytes(visit.inflow, request, most, uploads)
    elif "POST" not in route.methods:
        request.body = query_as_body(request.operation, visit.scope["query_string"])
        await visit.inflow.discard()
    elif visit.presence is not None and visit.presence.complete:
        request.body = await visit.inflow.read(settings.max_body, uploads)  # nothing to wait for
    else:
        with _in_time(visit, request, gateway):
            request.body = await visit.inflow.read(settings.max_body, uploads)
    if route.embeds:
        await turn_request(request, route.embeds, subject)
    elif route.operation in _NAMED_BY_PATH:
        size = len(request.body)
        request.body = await compute(size, partial(completed, stream=route.streams), request.body, subject)
    return request


@contextmanager
def _in_time(visit: Visit, request: Request, gateway: Gateway) -> Iterator[None]:
    """Bound what reads a request's body. Raises SlowRequest."""
    patience = gateway.settings.timeout
    if request.timeout is not None:
        patience = min(patience, request.timeout)
    try:
        with gateway.arrivals.under_way(visit.started + patience):
            yield
    except DeadlineExceeded as error:
        raise SlowRequest(f"the request was not complete after {patience:g} s") from error


async def serve_exchange(gateway: Gateway, request: Request, visit: Visit, route: Route) -> GatewayError | None:
    """Take a request through the pipeline, and end it at once when its client leaves. A checkpoint.

    Returns:
        What went wrong, if anything did.
    """
    exchange = gateway.exchange(request, visit.started)
    if route.embeds:
        exchange.on_reply.append(partial(turn_reply, method=route.embeds))
    every = gateway.settings.stream.keep_alive if visit.dialect.keep_alive else 0.0
    outlet = HttpOutlet(visit.send, visit.dialect, shared=every > 0)

    def end() -> None:
        # Servers say "gone" in the same way when an answer is complete, and may say so before `serve` has returned.
        if not outlet.ended:
            exchange.interrupt(ClientGone("the client left before its answer was complete"))

    if visit.presence is not None:
        visit.presence.when_gone(end)
        if not every:
            await gateway.serve(exchange, outlet)
            return exchange.error
    async with trio.open_nursery() as nursery:
        if visit.presence is None:
            nursery.start_soon(_tell_when_gone, visit.inflow, end)
        if every:
            nursery.start_soon(keep_alive, outlet, exchange, every)
        await gateway.serve(exchange, outlet)
        nursery.cancel_scope.cancel()
    return exchange.error


async def _tell_when_gone(inflow: Inflow, tell: Callable[[], None]) -> None:
    await inflow.until_gone()
    tell()
