"""Gemini's embeddings at the door: inside they are embeddings as OpenAI's callers ask for them.

So every provider that has embeddings serves them. What OpenAI's API has no word for goes along as `Request.hints`.

https://ai.google.dev/api/embeddings
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Coroutine
from functools import partial
from typing import Any

import msgspec

from sluicegate.pipeline.errors import UpstreamError
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.heavy import compute
from sluicegate.pipeline.reply import Reply
from sluicegate.pipeline.request import Request
from sluicegate.pipeline.schemas.embed_content import embedding_of
from sluicegate.pipeline.schemas.generate_names import in_camel_case

from .gemini_paths import BATCH


class _Row(msgspec.Struct):
    embedding: msgspec.Raw
    index: int = 0


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None


class _Vectors(msgspec.Struct):
    data: list[_Row]
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Vectors).decode
_unquoted = msgspec.json.Decoder(str).decode


async def turn_request(request: Request, method: str, model: str) -> None:
    """Make a request for embeddings of one that came in Gemini's words. A checkpoint where it is large.

    Raises:
        InvalidRequest: It is none.
    """
    size, given = len(request.body), request.body
    work = partial(embedding_of, model=model, batch=method == BATCH)
    request.body, request.hints = await compute(size, lambda: work(in_camel_case(given)))
    request.dialect = "openai"


def turn_reply(exchange: Exchange, *, method: str) -> Coroutine[Any, Any, None] | None:
    """Turn the answer into Gemini's words, and note the hints that its provider was not told: a hook before the head.

    Raises, once awaited:
        UpstreamError: The provider sent something else than vectors.
    """
    taken = exchange.notes.pop("hinted", "")
    provider = exchange.notes.get("provider", "")
    if exchange.error is not None or exchange.reply is None:
        return None
    names = dict.fromkeys(name for hints in exchange.request.hints for name in hints)
    if names and taken != provider and exchange.notes.get("cache") != "hit":
        dropped = exchange.notes.get("dropped")
        exchange.notes["dropped"] = ", ".join([*([dropped] if dropped else []), *names])
    return _turn(exchange, exchange.reply, provider, method=method)


async def _turn(exchange: Exchange, reply: Reply, provider: str, *, method: str) -> None:
    try:
        body = await compute(len(reply.body), partial(_vectors, batch=method == BATCH), reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise UpstreamError(f"provider {provider!r} sent embeddings without vectors") from error
    # A new one: what is in the cache is the one before.
    exchange.reply = Reply(reply.status, body, media_type=reply.media_type, headers=reply.headers)


def _vectors(body: bytes, *, batch: bool) -> bytes:
    found = _decode(body)
    rows = sorted(found.data, key=lambda row: row.index)
    vectors = [{"values": _values(row.embedding)} for row in rows]
    if not batch and len(vectors) != 1:
        raise ValueError("one content has one vector")
    told: dict[str, Any] = {"embeddings": vectors} if batch else {"embedding": vectors[0]}
    if found.usage is not None and found.usage.prompt_tokens is not None:
        told["usageMetadata"] = {"promptTokenCount": found.usage.prompt_tokens}
    return msgspec.json.encode(told)


def _values(vector: msgspec.Raw) -> Any:
    """Return the numbers as they are spelled, also where a provider insists on base64: little-endian float32."""
    if memoryview(vector)[0] != ord('"'):
        return vector
    packed = b64decode(_unquoted(vector), validate=True)
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))
