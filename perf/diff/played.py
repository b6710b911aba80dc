"""Providers whose upstreams are played from a tape: they translate requests as ever, and open no socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import trio

from sluicegate.pipeline.errors import GatewayError, UpstreamError
from sluicegate.pipeline.exchange import Exchange, Target
from sluicegate.pipeline.provider import StreamDecoder, Translator, Transport, UpstreamHead, UpstreamRequest
from sluicegate.pipeline.registry import ProviderSpec, Registry
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Reply, Usage
from sluicegate.pipeline.take import Take

from .tape import Script, Tape, usage_of


def play_providers(registry: Registry, types: Iterable[str], tape: Tape) -> None:
    """Let these types of providers of a registry be played from a tape."""
    for name in set(types):
        registry.add(_played(registry.provider(name), tape))


def _played(spec: ProviderSpec, tape: Tape) -> type:
    def component(name: str, settings: object) -> PlayedTranslator:
        return PlayedTranslator(spec.component(name, settings), tape)

    return type("Played", (), {"spec": ProviderSpec(spec.name, spec.summary, spec.settings, component)})


class PlayedTranslator:
    """Asks the real translator whether it can put a request, and understands what the tape answers."""

    def __init__(self, real: Translator, tape: Tape) -> None:
        self._real = real
        self._tape = tape

    def operations(self) -> frozenset[str]:
        """Return what the real one can be asked."""
        return self._real.operations()

    def encode(self, exchange: Exchange, target: Target) -> UpstreamRequest:
        """Return what the tape is asked: which request, and which target. Raises InvalidRequest as the real one."""
        self._real.encode(exchange, target)
        return UpstreamRequest("POST", "tape:", (("take", exchange.request.label), ("target", str(target))))

    def decode(self, exchange: Exchange, head: UpstreamHead, body: bytes) -> tuple[Reply, Usage | None]:
        """Return the answer and the recorded tokens."""
        return Reply(body=body), usage_of(self._take(exchange))

    def decoder(self, exchange: Exchange, head: UpstreamHead) -> StreamDecoder:
        """Return what makes a chunk of each step."""
        return PlayedDecoder(usage_of(self._take(exchange)))

    def error(self, head: UpstreamHead, body: bytes) -> GatewayError:
        """Return an error for a status that no tape gives: it raises its errors itself."""
        return UpstreamError(f"the tape answered with status {head.status}")

    def models(self) -> tuple[str, ...]:
        """Return what the real one knows."""
        return self._real.models()

    def transport(self) -> Transport:
        """Return the tape."""
        return PlayedTransport(self._tape)

    def _take(self, exchange: Exchange) -> Take:
        return self._tape.takes[int(exchange.request.label)]


class PlayedDecoder:
    """Makes a chunk of content of each step."""

    done = False

    def __init__(self, usage: Usage | None) -> None:
        self.usage = usage

    def feed(self, data: bytes) -> Batch:
        """Return one chunk."""
        return [Chunk(data, ChunkKind.CONTENT)] if data else []

    def finish(self) -> Batch:
        """Return the end of the answer."""
        return [Chunk(b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', ChunkKind.FINISH)]


class PlayedTransport:
    """Answers from the tape, by trio's clock."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._asked: Counter[tuple[str, str]] = Counter()

    async def send(self, request: UpstreamRequest, *, connect: float) -> PlayedResponse:
        """Return an answer once its head is due. A checkpoint. Raises what the upstream failed with."""
        asked = dict(request.headers)
        which = (asked["take"], asked["target"])
        script = self._tape.script(self._tape.takes[int(asked["take"])], asked["target"], self._asked[which])
        self._asked[which] += 1
        response = PlayedResponse(script, trio.current_time())
        if script.steps:
            await trio.sleep_until(response.started + script.steps[0][0])
        else:
            await response.receive()
        return response

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""
        await trio.lowlevel.checkpoint()


class PlayedResponse:
    """A script while it is played. ``started`` is when it was asked for, on trio's clock."""

    head = UpstreamHead(200, {"content-type": "application/json"})

    def __init__(self, script: Script, started: float) -> None:
        self.started = started
        self._script = script
        self._next = 0

    async def receive(self) -> bytes:
        """Return the next step when it is due, or ``b""`` at the end. A checkpoint. Raises how the answer fails."""
        if self._next < len(self._script.steps):
            at, data = self._script.steps[self._next]
            self._next += 1
            await trio.sleep_until(self.started + at)
            return data
        if self._script.silent:
            await trio.sleep_forever()
        await trio.sleep_until(self.started + self._script.ends)
        if self._script.error is not None:
            raise self._script.error
        return b""

    async def aclose(self) -> None:
        """Do nothing: there is nothing to let go of."""
        await trio.lowlevel.cancel_shielded_checkpoint()
