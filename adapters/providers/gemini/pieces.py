"""The parts of an answer as blocks, for whole answers and streams alike."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import msgspec

from sluicegate.pipeline.form.answer import Finish
from sluicegate.pipeline.form.blocks import Text, Thinking, ToolCall

from ..reading import Malformed, text_of
from .tables import BROKEN, FINISHES
from .wire import Blob, Candidate, Code, Part

Piece = Text | Thinking | ToolCall
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Reader:
    """Reads the parts of one candidate.

    Args:
        choice: Its index.
    """

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._base = ""
        self._ids: set[str] = set()
        self.wrote = False
        """Whether there was anything in it that a client would show or act upon."""

    @property
    def calls(self) -> int:
        """How many tools it has called so far."""
        return len(self._ids)

    def read(self, candidate: Candidate, response_id: str) -> list[Piece]:
        """Return what a candidate holds. Raises Malformed."""
        parts = candidate.content.parts if candidate.content is not None else None
        pieces = [piece for part in parts or () if (piece := self._piece(part, response_id)) is not None]
        self.wrote = self.wrote or bool(pieces)
        return pieces

    def finish(self, reason: str) -> Finish:
        """Return why it ended. Raises Malformed where the model failed before it wrote anything."""
        if self.calls and reason in ("STOP", "FINISH_REASON_UNSPECIFIED"):
            return "tool_calls"
        if reason in FINISHES:
            return FINISHES[reason]
        if not self.wrote:
            shown = reason if reason in BROKEN else repr(reason[:80])
            raise Malformed(f"is empty: the model failed with {shown}")
        return "tool_calls" if self.calls else "stop"

    def _piece(self, part: Part, response_id: str) -> Piece | None:
        if part.function_call is not None:
            return self._call(part, response_id)
        if part.text:
            return Thinking(part.text) if part.thought else Text(part.text)
        if part.inline_data is not None and not part.thought:
            return Text(_shown(part.inline_data))
        if part.executable_code is not None:
            code = part.executable_code
            return Text(f"\n```{_NOT_IN_AN_ID.sub('', code.language).lower()}\n{code.code}\n```\n")
        if part.code_execution_result is not None:
            return Text(_printed(part.code_execution_result))
        return None

    def _call(self, part: Part, response_id: str) -> ToolCall:
        call = part.function_call
        assert call is not None
        if not call.name:
            raise Malformed("has a call of a tool without a name")
        id_ = call.id or self._made_id(response_id)
        if id_ in self._ids:
            raise Malformed(f"has two calls of the id {id_[:80]!r}")
        self._ids.add(id_)
        return ToolCall(id_, call.name, _arguments(call.args), part.thought_signature)

    def _made_id(self, response_id: str) -> str:
        """Return an id that no other call has, in this answer or another: of what is known, where that is enough."""
        if not self._base:
            self._base = _NOT_IN_AN_ID.sub("", response_id)[:24] or uuid4().hex[:24]
        return f"call_{self._base}_{self._choice}_{len(self._ids)}"


def _arguments(raw: msgspec.Raw) -> str:
    """Return a call's arguments, in one line."""
    args = bytes(raw)
    if args in (b"", b"null"):
        return "{}"
    try:
        _object(args)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed("has a call of a tool whose arguments are no object") from error
    if b"\n" in args:
        args = msgspec.json.format(args, indent=-1)
    return args.decode()


def _shown(blob: Blob) -> str:
    """Return an image as Markdown, which is what a chat has for it."""
    mark = "!" if blob.mime_type.startswith("image/") else ""
    return f"{mark}[{blob.mime_type}](data:{blob.mime_type};base64,{blob.data})"


def _printed(result: Code) -> str:
    return f"\n```\n{result.output}\n```\n" if result.output else ""


def logprobs_of(result: Any) -> dict[str, Any] | None:
    """Return what ``logprobsResult`` says, as OpenAI has it."""
    chosen = result.get("chosenCandidates") if isinstance(result, dict) else None
    if not isinstance(chosen, list):
        return None
    tops = result.get("topCandidates")
    content = []
    for place, candidate in enumerate(chosen):
        top = tops[place] if isinstance(tops, list) and place < len(tops) else None
        others = top.get("candidates") if isinstance(top, dict) else None
        alternatives = [_token(other) for other in others] if isinstance(others, list) else []
        content.append({**_token(candidate), "top_logprobs": alternatives})
    return {"content": content, "refusal": None}


def _token(candidate: Any) -> dict[str, Any]:
    fields = candidate if isinstance(candidate, dict) else {}
    token = text_of(fields.get("token"))
    value = fields.get("logProbability", 0.0)
    logprob = float(value) if isinstance(value, int | float) else 0.0
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "surrogatepass"))}
