"""The calls that a program makes of its gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from sluicegate.pipeline.request import Request

from .answers import Answer, ChatStream, Embeddings, Transcript
from .asking import Headers, plain
from .media_calls import MediaCalls
from .messages import Message, MessageStream
from .response_calls import ResponseCalls

if TYPE_CHECKING:
    from .files import FileLike

Messages = str | Sequence[Mapping[str, Any]]
"""Messages in OpenAI's shape; a string stands for one message of the user."""


class Client(MediaCalls, ResponseCalls):
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

    async def messages(
        self,
        model: str,
        messages: Messages,
        *,
        max_tokens: int,
        timeout: float | None = None,
        headers: Headers = None,
        **options: Any,
    ) -> Message:
        """Return a whole answer in Anthropic's shape, whoever gives it. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            messages: What has been said, in Anthropic's shape.
            max_tokens: That the answer may have.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: Any field of Anthropic's messages, such as ``system`` or ``thinking``.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        fields = {"model": model, "max_tokens": max_tokens, "messages": _messages(messages), **plain(options)}
        return Message(await self._ask(self._request("messages", fields, timeout, headers, "anthropic")))

    @asynccontextmanager
    async def stream_messages(
        self,
        model: str,
        messages: Messages,
        *,
        max_tokens: int,
        timeout: float | None = None,
        headers: Headers = None,
        **options: Any,
    ) -> AsyncIterator[MessageStream]:
        """Give the events of such an answer as they come, for as long as the block runs. A checkpoint.

        Leaving the block ends the upstream call. Arguments and errors are those of `messages`.
        """
        fields = {"model": model, "max_tokens": max_tokens, "messages": _messages(messages), **options, "stream": True}
        request = self._request("messages", fields, timeout, headers, "anthropic")
        async with self._stream(request) as flow:
            yield MessageStream(flow)

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

    async def transcribe(
        self,
        model: str,
        file: FileLike,
        *,
        filename: str = "",
        timeout: float | None = None,
        headers: Headers = None,
        **options: Any,
    ) -> Transcript:
        """Return what is said in a recording. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            file: A path, bytes, or an object open for reading bytes; at most ``server.max_upload`` of it.
            filename: What to call it; by default its own name. Providers tell by it what kind of file it is.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: Any field of OpenAI's transcriptions, such as ``language`` or ``response_format``.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        if options.pop("stream", None):
            raise TypeError("transcribe returns whole transcripts")
        from .files import kept  # most programs send none

        sent = await kept("file", file, filename, self.gateway.settings.max_upload)
        upload = sent.extent.upload
        try:
            told = {"filename": sent.filename, "media_type": sent.media_type, "size": sent.extent.size}
            request = self._request("transcription", {"model": model, "file": told, **options}, timeout, headers)
            request.files, request.upload = (sent,), upload
            return Transcript(await self._ask(request))
        finally:
            upload.close()

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
