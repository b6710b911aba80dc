"""What a caller in this program gets back of images, speech, moderations and reranking."""

from __future__ import annotations

import binascii
from base64 import b64decode
from functools import cached_property
from typing import Any

from sluicegate.pipeline.carrier import Flow
from sluicegate.pipeline.errors import UpstreamError

from .answers import Served, Whole

Json = dict[str, Any]


class Images(Whole):
    """Images, in OpenAI's shape in ``data``."""

    @cached_property
    def images(self) -> list[bytes]:
        """The images that came as themselves; of one that came as an address there is nothing here.

        Raises:
            UpstreamError: The provider sent something else.
        """
        try:
            return [b64decode(one["b64_json"], validate=True) for one in self.data["data"] if one.get("b64_json")]
        except (KeyError, TypeError, AttributeError, binascii.Error, ValueError) as error:
            raise UpstreamError(f"provider {self.provider!r} sent images that are none") from error

    @property
    def urls(self) -> list[str]:
        """The addresses of the images that came as such."""
        return [one["url"] for one in self._rows("data") if isinstance(one.get("url"), str)]


class Moderations(Whole):
    """Judgements, in the order of the inputs."""

    @property
    def results(self) -> list[Json]:
        """One judgement an input, in OpenAI's shape."""
        return self._rows("results")

    @property
    def flagged(self) -> bool:
        """Whether any of the inputs is objected to."""
        return any(result.get("flagged") is True for result in self.results)


class Ranking(Whole):
    """Documents in order, the best first."""

    @property
    def results(self) -> list[Json]:
        """For each document its ``index`` in the request and its ``relevance_score``."""
        return self._rows("results")

    @property
    def order(self) -> list[int]:
        """The places of the documents in the request, the best first."""
        return [result["index"] for result in self.results if isinstance(result.get("index"), int)]


class Sound(Served):
    """Speech as it comes: an async iterator of bytes.

    Its end is a clean end; sound that was cut raises a GatewayError instead.
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow.exchange)
        self._flow = flow

    @property
    def media_type(self) -> str:
        """The content type, such as ``audio/mpeg``."""
        return self.exchange.reply.media_type if self.exchange.reply is not None else ""

    def __aiter__(self) -> Sound:
        return self

    async def __anext__(self) -> bytes:
        """Return the bytes that came next. A checkpoint.

        Raises:
            GatewayError: The sound was cut, or fell silent.
        """
        if self.exchange.outcome is not None:
            raise RuntimeError("this sound has ended with its block; read it inside `async with`")
        return b"".join([chunk.data for chunk in await self._flow.__anext__()])

    async def read(self) -> bytes:
        """Return all that is still to come. A checkpoint. Raises GatewayError where it was cut."""
        return b"".join([piece async for piece in self])
