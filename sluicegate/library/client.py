"""The calls that a program makes of its gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from sluicegate.pipeline.request import Request

from .answers import Answer, ChatStream, Embeddings
from .asking import Headers, plain
from .media_calls import MediaCalls

Messages = str | Sequence[Mapping[str, Any]]
"""Messages in OpenAI's shape; a string stands for one message of the user."""


class Client(MediaCalls):
    """Asks the gateway as one caller. Made by `open_gateway`.

    Every call goes through the whole pipeline, as one over HTTP does. The caller's own cancel scope ends the upstream
    call. Any number of tasks may share a client.

    Args:
        gateway: A running gateway.
        api_key: The caller's key, where the configuration has keys.

    Attributes:
        gateway: The same, for those who want its gauges or breakers.
    """

    def as_caller(self, api_key: str | None) -> Client:
        """Return a client of the same gateway with another key."""
        return Client(self.gateway, api_key)

    async def chat(
        self, model: str, messages: Messages, *, timeout: float | None = None, headers: Headers = None, **options: Any
    ) -> Answer:
        """Return a whole chat answer. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            messages: What has been said.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: Any field of OpenAI's chat completions, such as ``temperature`` or ``tools``.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        fields = {"model": model, "messages": _messages(messages), **plain(options)}
        return Answer(await self._ask(self._request("chat", fields, timeout, headers)))

    @asynccontextmanager
    async def stream_chat(
        self, model: str, messages: Messages, *, timeout: float | None = None, headers: Headers = None, **options: Any
    ) -> AsyncIterator[ChatStream]:
        """Give the chunks of a chat answer as they come, for as long as the block runs. A checkpoint.

        Leaving the block ends the upstream call. Arguments and errors are those of `chat`.
        """
        fields = {"model": model, "messages": _messages(messages), **options, "stream": True}
        async with self._stream(self._request("chat", fields, timeout, headers)) as flow:
            yield ChatStream(flow)

    async def embed(
        self,
        model: str,
        inputs: str | Sequence[str],
        *,
        timeout: float | None = None,
        headers: Headers = None,
        **options: Any,
    ) -> Embeddings:
        """Return vectors. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            inputs: One text or several.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: Any field of OpenAI's embeddings, such as ``dimensions``.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        given = inputs if isinstance(inputs, str) else list(inputs)
        fields = {"model": model, "input": given, **options, "encoding_format": "float"}
        return Embeddings(await self._ask(self._request("embedding", fields, timeout, headers)))

    async def models(self) -> list[str]:
        """Return the names of the models that this caller may ask for. A checkpoint.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        exchange = await self._ask(Request("models", credential=self._api_key))
        listed: list[dict[str, Any]] = msgspec.json.decode(exchange.reply.body)["data"] if exchange.reply else []
        return [entry["id"] for entry in listed]


def _messages(messages: Messages) -> object:
    """Return messages as the request has them; what else was given is for `validate` to refuse."""
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return messages
