"""A stream as Gemini's clients read it: each frame is an answer of its own, with what came since the one before.

A call comes whole, so its pieces are held back until something else follows, or the end. The last frame has the reasons
and the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sluicegate.pipeline.form.chat import Chat
from sluicegate.pipeline.form.events import (
    Begin,
    CallBegin,
    CallPart,
    Cited,
    Count,
    End,
    Event,
    RefusalPart,
    TextPart,
)
from sluicegate.pipeline.reply import Batch, Chunk, ChunkKind, Usage

from .whole import (
    FINISHES,
    call_part,
    grounding_of,
    identity,
    logprobs_of,
    redacted_part,
    thought_part,
    usage_of,
)

Json = dict[str, Any]
_encode = msgspec.json.encode


class _Candidate:
    """One candidate so far: the calls that are held back, by slot, its sources, and its end."""

    def __init__(self) -> None:
        self.calls: dict[int, tuple[CallBegin, list[str]]] = {}
        self.citations: list[Json] = []
        self.end = End()


class Writer:
    """Writes one stream.

    Args:
        chat: What was asked.
    """

    def __init__(self, chat: Chat) -> None:
        self._model = chat.model
        self._identity: Json = {}
        self._candidates: dict[int, _Candidate] = {}
        self._pieces = 0
        self._usage: Usage | None = None

    def write(self, events: Sequence[Event]) -> Batch:
        """Return the chunks of events that came together."""
        batch: Batch = []
        for event in events:
            if isinstance(event, Begin):
                self._usage = event.usage or self._usage
                self._identity = self._identity or identity(event.id, event.model or self._model)
            elif isinstance(event, Count):
                self._usage = event.usage
            else:
                candidate = self._candidates.setdefault(event.choice, _Candidate())
                self._piece(batch, event, candidate)
        return batch

    def end(self) -> Batch:
        """Return the reasons and the tokens, which come last."""
        batch: Batch = []
        told = []
        for index in sorted(self._candidates) or [0]:
            candidate = self._candidates.setdefault(index, _Candidate())
            self._release(batch, index, candidate)
            one: Json = {"content": {"role": "model"}, "index": index, "finishReason": FINISHES[candidate.end.finish]}
            if (grounding := grounding_of(candidate.citations))["groundingChunks"]:
                one["groundingMetadata"] = grounding
            told.append(one)
        # Where the provider tells of no tokens, pieces are about as many.
        usage = usage_of(Usage(output=self._pieces) if self._usage is None else self._usage)
        batch.append(self._frame(told, ChunkKind.FINISH, usageMetadata=usage))
        return batch

    def _piece(self, batch: Batch, piece: Event, candidate: _Candidate) -> None:
        if isinstance(piece, CallBegin):
            candidate.calls[piece.slot] = (piece, [])
            return
        if isinstance(piece, CallPart):
            if piece.slot in candidate.calls:
                candidate.calls[piece.slot][1].append(piece.text)
            return
        if isinstance(piece, Cited):
            candidate.citations.append(piece.citation)
            return
        if isinstance(piece, End):
            candidate.end = piece
            self._release(batch, piece.choice, candidate)
            return
        if isinstance(piece, Begin | Count):
            return
        self._release(batch, piece.choice, candidate)
        if isinstance(piece, TextPart | RefusalPart):
            logprobs = piece.logprobs if isinstance(piece, TextPart) else None
            if piece.text or logprobs:
                self._tell(batch, piece.choice, {"text": piece.text}, logprobs)
            return
        if piece.text or piece.signature is not None:
            self._tell(batch, piece.choice, thought_part(piece.text, piece.signature))
        if piece.redacted is not None:
            self._tell(batch, piece.choice, redacted_part(piece.redacted))

    def _release(self, batch: Batch, choice: int, candidate: _Candidate) -> None:
        """Write the calls that were held back."""
        for call, said in candidate.calls.values():
            self._tell(batch, choice, call_part(call.id, call.name, "".join(said), call.signature))
        candidate.calls.clear()

    def _tell(self, batch: Batch, choice: int, part: Json, logprobs: Json | None = None) -> None:
        self._pieces += 1
        candidate: Json = {"content": {"parts": [part], "role": "model"}, "index": choice}
        if logprobs:
            candidate["logprobsResult"] = logprobs_of(logprobs)
        batch.append(self._frame([candidate], ChunkKind.CONTENT))

    def _frame(self, candidates: list[Json], kind: ChunkKind, **more: Json) -> Chunk:
        self._identity = self._identity or identity("", self._model)
        return Chunk(_encode({"candidates": candidates, **more, **self._identity}), kind)
