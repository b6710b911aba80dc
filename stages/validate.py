"""`validate`: from the bytes of a body to a request whose every field is known to be right.

It scans all of the body, since what the API does not document is passed on to the provider as it came.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import trio
from msgspec import Meta

from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas import TypedRequest
from sluicegate.pipeline.schemas.decode import OPERATIONS, parse, type_body
from sluicegate.pipeline.schemas.documented import refuse_undocumented
from sluicegate.pipeline.schemas.rules import check
from sluicegate.pipeline.stage import Verdict

LARGE = 64 * 1024
"""Bytes from which on a body is read in a thread.

A body of that size usually takes 100 microseconds, and a millisecond at worst, cut into thousands of parts.
"""


class ValidateSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How strictly to check."""

    strict: Annotated[bool, Meta(description="Refuse fields that the API does not document.")] = False


@stage("validate", summary="Checks requests against the API's schemas.", settings=ValidateSettings)
class Validate:
    """Refuses what is not a good request, and sets ``request.fields`` and ``request.typed`` of what is.

    Requests without a body, such as those for models, pass.
    """

    def __init__(self, settings: ValidateSettings, resources: Resources) -> None:
        self._strict = settings.strict

    def judge(self, exchange: Exchange) -> Verdict:
        """Check a request, or ask for `attend` if it is large. Raises InvalidRequest."""
        request = exchange.request
        if request.operation not in OPERATIONS:
            return Verdict.PASS
        if len(request.body) > LARGE:
            return Verdict.WAIT
        request.fields, request.typed = read(request.operation, request.body, strict=self._strict)
        return Verdict.PASS

    async def attend(self, exchange: Exchange) -> Verdict:
        """Check a request in a thread. A checkpoint. Raises InvalidRequest."""
        request = exchange.request
        # The thread has no effect but its result, so nobody need wait for it once the exchange is cancelled.
        request.fields, request.typed = await trio.to_thread.run_sync(
            lambda: read(request.operation, request.body, strict=self._strict), abandon_on_cancel=True
        )
        return Verdict.PASS


def read(operation: str, body: bytes, *, strict: bool = False) -> tuple[dict[str, msgspec.Raw], TypedRequest]:
    """Return a body's top-level values as raw JSON, and the same typed. Raises InvalidRequest.

    Args:
        operation: One that has a body; see `OPERATIONS`.
        body: The bytes as received.
        strict: Refuse fields that the API does not document.
    """
    fields = parse(body)
    typed = type_body(operation, body)
    check(typed)
    if strict:
        refuse_undocumented(typed, body)
    return fields, typed
