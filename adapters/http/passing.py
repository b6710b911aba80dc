"""What is passed through, at the door: where to it goes, and its body on a spool.

A path that could climb out of the provider's base URL is refused, however it is written: by dots, by encoded dots or
slashes, by backslashes. Its host is the provider's in any case, since only what follows the base comes from outside.
"""

from __future__ import annotations

import re
from contextlib import aclosing
from urllib.parse import unquote

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.passing import Passing
from sluicegate.pipeline.request import Request

from ..multipart.spool import Spool
from .inflow import Inflow
from .uploads import Uploads

PROVIDER = "x-sluicegate-provider"
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*/?")
_QUERY = re.compile(r"""(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]|^{}"-]|%[0-9A-Fa-f]{2})*""")
_CREDENTIALS = frozenset({"key", "api_key", "api-key", "access_token"})
"""Parameters by which some APIs are shown a key; the caller's is for the gateway alone."""
_ENCODINGS = 4
"""How many times over a path may be percent-encoded and is still looked into."""


def read_passing(request: Request, method: str, below: str, query: bytes) -> Passing:
    """Return where a request goes.

    Args:
        request: Its operation and headers say which provider is meant.
        method: As the caller wrote it.
        below: For ``proxy`` a provider and a path, else a path; percent-encoded.
        query: As it came.

    Raises:
        InvalidRequest: The path cannot be passed on.
    """
    provider, path = request.headers.get(PROVIDER, "").strip(), below
    if request.operation == "proxy":
        provider, slash, rest = below.partition("/")
        path = slash + rest
    text = query.decode("latin-1")
    if _QUERY.fullmatch(text) is None:
        raise _refused("its query has characters that no query may have")
    kept = []
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if name == "provider" and request.operation != "proxy":
            provider = provider or unquote(value)
        elif pair and unquote(name).lower() not in _CREDENTIALS:
            kept.append(pair)
    _check(path)
    return Passing(method, path, "&".join(kept), unquote(provider))


async def read_bytes(inflow: Inflow, request: Request, limit: int, uploads: Uploads) -> None:
    """Read a whole body into a request's ``upload``. A checkpoint.

    Raises:
        GatewayError: TooLarge, Overloaded, ClientGone or SpoolFailed.
    """
    held = 0

    def take(size: int) -> None:
        nonlocal held
        uploads.take(size)
        held += size

    spool = Spool(on_close=lambda: uploads.release(held))
    try:
        async with aclosing(inflow.pour(limit, uploads, take)) as parts:
            async for part in parts:
                await spool.write(part)
    except BaseException:
        spool.close()
        raise
    request.upload = spool


def _check(path: str) -> None:
    """Raise InvalidRequest for a path that is none, or that might lead elsewhere than it says."""
    if _PATH.fullmatch(path) is None:
        raise _refused("it is empty in the middle, or has characters that no path may have")
    seen = path
    for _ in range(_ENCODINGS):
        if any(segment in (".", "..") for segment in re.split(r"[/\\;]", seen)):
            raise _refused("it has a segment of dots")
        if re.search(r"[\\\x00-\x1f\x7f]", seen) is not None:
            raise _refused("it has a backslash or a control character")
        decoded = unquote(seen)
        if decoded == seen:
            return
        seen = decoded
    raise _refused("it is percent-encoded too many times over")


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(f"this path cannot be passed on: {why}", code="invalid_path")
