"""The calls for what is no conversation: images, speech, moderations and reranking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from .asking import Asking, Headers
from .media_answers import Images, Moderations, Ranking, Sound


class MediaCalls(Asking):
    """What a client can ask for besides chats and vectors."""

    async def image(
        self, model: str, prompt: str, *, timeout: float | None = None, headers: Headers = None, **options: Any
    ) -> Images:
        """Return images. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            prompt: What to draw.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: Any field of OpenAI's images, such as ``n`` or ``size``.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        if options.get("stream"):
            raise TypeError("image returns whole images; their events are for callers over HTTP")
        fields = {"model": model, "prompt": prompt, **options}
        return Images(await self._ask(self._request("image", fields, timeout, headers)))

    @asynccontextmanager
    async def speech(
        self,
        model: str,
        text: str,
        *,
        voice: str = "alloy",
        timeout: float | None = None,
        headers: Headers = None,
        **options: Any,
    ) -> AsyncIterator[Sound]:
        """Give a text as sound, piece by piece as it comes, for as long as the block runs. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            text: What to say.
            voice: Whose voice, by the provider's name for it.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: Any field of OpenAI's speech, such as ``response_format``.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        if options.get("stream_format") == "sse":
            raise TypeError("speech gives the bytes of the sound; events are for callers over HTTP")
        fields = {"model": model, "input": text, "voice": voice, **options}
        async with self._stream(self._request("speech", fields, timeout, headers)) as flow:
            yield Sound(flow)

    async def moderate(
        self,
        model: str,
        inputs: str | Sequence[str] | Sequence[Mapping[str, Any]],
        *,
        timeout: float | None = None,
        headers: Headers = None,
        **options: Any,
    ) -> Moderations:
        """Return a judgement of each input. A checkpoint. Arguments and errors are those of `embed`."""
        given = inputs if isinstance(inputs, str) else list(inputs)
        fields = {"model": model, "input": given, **options}
        return Moderations(await self._ask(self._request("moderation", fields, timeout, headers)))

    async def rerank(
        self,
        model: str,
        query: str,
        documents: Sequence[str | Mapping[str, Any]],
        *,
        timeout: float | None = None,
        headers: Headers = None,
        **options: Any,
    ) -> Ranking:
        """Return documents in order, the one first that answers the query best. A checkpoint.

        Args:
            model: ``provider/model``, or a name from the configuration's models.
            query: What is looked for.
            documents: Texts, or objects with a ``text``.
            timeout: Seconds that it may take, within the gateway's own limit.
            headers: What an HTTP caller would send along.
            options: ``top_n``, ``return_documents``, ``max_tokens_per_doc``, and what the provider has besides.

        Raises:
            GatewayError: What went wrong, as itself.
        """
        fields = {"model": model, "query": query, "documents": list(documents), **options}
        return Ranking(await self._ask(self._request("rerank", fields, timeout, headers)))
