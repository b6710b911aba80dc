"""What models of Google's make other than texts: images, and speech."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sluicegate.pipeline.form.sides import Dropped
from sluicegate.pipeline.provider import UpstreamRequest

from ..headers import Headers
from .images import METHOD, edit_body, image_body
from .speech import speech_body

if TYPE_CHECKING:
    from sluicegate.pipeline.exchange import Exchange

MADE = frozenset({"image", "image_edit", "speech"})
"""The operations that ask for it."""


def made_request(
    exchange: Exchange, model: str, url: Callable[[str, str], str], headers: Headers, dropped: Dropped, provider: str
) -> UpstreamRequest:
    """Return the request that asks a model.

    Args:
        exchange: What is asked.
        model: As the target has it.
        url: The URL of a model's method, by both their names.
        headers: Of a plain call.
        dropped: Takes what has to be left out.
        provider: Its name.

    Raises:
        InvalidRequest: The request asks for what the API has not.
    """
    name, operation = model.rpartition("/")[2], exchange.request.operation
    if operation == "image_edit":
        body = edit_body(exchange, name, dropped, provider)
        return UpstreamRequest("POST", url(model, METHOD), headers, upload=body)
    method, whole = speech_body(exchange, dropped) if operation == "speech" else image_body(exchange, name, dropped)
    return UpstreamRequest("POST", url(model, method), headers, whole)
