"""Which provider a request is passed through to: the one that its caller names, or the only one that there is."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.pipeline.caller import Caller
from sluicegate.pipeline.errors import Forbidden, GatewayError, InvalidRequest, NotFound, UnsupportedEndpoint
from sluicegate.pipeline.passing import Passing
from sluicegate.pipeline.provider import Provider
from sluicegate.pipeline.schemas.fields import MAX_NAME

from .keys import allows

HEADER = "x-sluicegate-provider"
_NOT_THE_CALLERS = frozenset({401, 402, 407, 408, 425, 429})
"""Statuses that say something of the gateway's key or of the provider, whoever has asked."""


def passed_to(passing: Passing, operation: str, providers: Mapping[str, Provider], caller: Caller) -> str:
    """Return the name of the provider.

    Raises:
        NotFound: There is none of that name, or it is not open.
        UnsupportedEndpoint: Its API has nothing of the kind.
        InvalidRequest: The caller names none, and there are several.
        Forbidden: The caller's key is for some models, and nobody can tell which one this is about.
    """
    name = passing.provider or _only(operation, providers)
    if caller.allowed_models is not None and not allows(caller.allowed_models, f"{name}/*"):
        raise Forbidden(
            f"API key {caller.key_name!r} may use some models only, and what is passed through may ask for any: it "
            f"needs {name[:MAX_NAME]}/* among its allowed_models",
            code="not_allowed",
        )
    if name not in providers:
        raise NotFound(f"there is no provider {name[:MAX_NAME]!r} here", code="provider_not_found")
    if operation not in providers[name].operations:
        if operation == "proxy":
            raise NotFound(f"provider {name!r} is not open to be passed through to (proxy: true)", code="not_open")
        raise UnsupportedEndpoint.of(name, operation)
    return name


def _only(operation: str, providers: Mapping[str, Provider]) -> str:
    able = [name for name, provider in providers.items() if operation in provider.operations]
    if len(able) == 1:
        return able[0]
    if not able:
        raise NotFound(f"no provider here has {operation}", code="unsupported_endpoint")
    raise InvalidRequest(
        f"{operation} of which provider? Name one of {', '.join(able)} in the header {HEADER}, or as ?provider=",
        param=HEADER,
        code="missing_required_parameter",
    )


def refusal_of_passed(provider: str, status: int, error: GatewayError) -> GatewayError:
    """Return the error for an answer to what was passed through, with its own status where that is the caller's matter.

    The gateway has not made the request, so what is wrong with it says nothing of the provider's health.

    Args:
        provider: Its name.
        status: Of the answer.
        error: What it would mean of a request that the gateway has made.
    """
    if not 400 <= status < 500 or status in _NOT_THE_CALLERS:
        return error
    # The words of one that forbids may be about the gateway's account.
    message = f"provider {provider!r} forbids it (403)" if status == 403 else error.message
    code = "forbidden" if status == 403 else "not_found" if status == 404 else error.code
    return InvalidRequest(message, code=code, status=status)
