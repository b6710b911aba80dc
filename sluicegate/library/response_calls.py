"""The calls of the Responses API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from .asking import Asking, Headers, plain
from .responses import Response, ResponseStream

Items = str | Sequence[Mapping[str, Any]]
"""Items in OpenAI's shape; a string stands for one message of the user."""


class ResponseCalls(Asking):
    """What a client can ask for in the words of the Responses API."""

    async def responses(
        self, model: str, items: Items, *, timeout: float | None = None, headers: Headers = None, **options: Any
    ) -> Response:
        """Return a whole response, whoever gives it. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            items: What is said.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: Any field of OpenAI's responses, such as ``instructions`` or ``previous_response_id``.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        fields = {"model": model, "input": items, **plain(options)}
        return Response(await self._ask(self._request("responses", fields, timeout, headers, "responses")))

    @asynccontextmanager
    async def stream_responses(
        self, model: str, items: Items, *, timeout: float | None = None, headers: Headers = None, **options: Any
    ) -> AsyncIterator[ResponseStream]:
        """Give the events of a response as they come, for as long as the block runs. A checkpoint.

        Leaving the block ends the upstream call. Arguments and errors are those of `responses`.
        """
        fields = {"model": model, "input": items, **options, "stream": True}
        async with self._stream(self._request("responses", fields, timeout, headers, "responses")) as flow:
            yield ResponseStream(flow)
