"""Ask a provider which models it has, page by page, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

import trio

from .errors import GatewayError, UpstreamError, UpstreamTimeout
from .heavy import compute
from .provider import ModelLister, ModelPage, Provider, UpstreamRequest, UpstreamResponse

PATIENCE = 20.0
"""Seconds that a whole list may take."""
MAX_PAGES = 20
MAX_MODELS = 2000
"""Names that are kept of one provider; OpenRouter, which resells others' models, has some hundreds."""
MAX_PAGE = 8 * 1024 * 1024
"""Bytes of one page."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a provider has said of its models.

    Attributes:
        models: Names as targets have them; None where the answer shows no more than that the key is good.
        complete: Whether a model that is not among them cannot be asked.
    """

    models: tuple[str, ...] | None
    complete: bool


def first_page(provider: Provider) -> UpstreamRequest | None:
    """Return what asks a provider for its models, or None where it has no list of them."""
    translator = provider.translator
    return translator.list_models() if isinstance(translator, ModelLister) else None


async def list_models(provider: Provider) -> Listing | None:
    """Return which models a provider has, or None where it has no list of them. A checkpoint.

    Raises:
        GatewayError: What the provider answered instead, naming it.
    """
    request = first_page(provider)
    lister = provider.translator
    if request is None or not isinstance(lister, ModelLister):
        return None
    names: dict[str, None] = {}
    complete, known = True, False
    with trio.move_on_after(PATIENCE):
        for _ in range(MAX_PAGES):
            page = await _page(provider, lister, request)
            names.update(dict.fromkeys(page.models or ()))
            complete, known = complete and page.complete, known or page.models is not None
            following = lister.list_models(page.after) if page.after else None
            if following is None or len(names) > MAX_MODELS:
                break
            request = following
        else:
            complete = False
        models = tuple(names)[:MAX_MODELS]
        return Listing(models if known else None, complete and len(names) <= MAX_MODELS)
    raise UpstreamTimeout(f"provider {provider.name!r} did not list its models within {PATIENCE:g} s")


async def _page(provider: Provider, lister: ModelLister, request: UpstreamRequest) -> ModelPage:
    response = await provider.transport.send(request, connect=provider.connect)
    try:
        body = await _body(response, provider.name)
    finally:
        await response.aclose()
    head = response.head
    try:
        if not 200 <= head.status < 300:
            raise provider.translator.error(head, body)
        return await compute(len(body), lister.listed, head, body)
    except GatewayError:
        raise
    except Exception as error:
        raise UpstreamError(f"provider {provider.name!r} sent what makes no sense as a list of models") from error


async def _body(response: UpstreamResponse, name: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data := await response.receive():
        parts.append(data)
        size += len(data)
        if size > MAX_PAGE:
            raise UpstreamError(f"provider {name!r} lists its models in more than {MAX_PAGE} bytes", retryable=False)
    return b"".join(parts)
