"""Whole answers of Gemini's API, read into the form."""

from __future__ import annotations

from sluicegate.pipeline.errors import GatewayError
from sluicegate.pipeline.form.answer import Answer, Choice
from sluicegate.pipeline.form.blocks import Text
from sluicegate.pipeline.provider import UpstreamHead

from ..reading import Malformed, text_of
from .citations import citations_of, cited
from .errors import GoogleErrors
from .pieces import Piece, Reader, logprobs_of
from .wire import Candidate, Frame, read_frame, read_usage


class AnswerReader:
    """Reads the answers of one provider. ``errors`` maps those that come with a successful status."""

    def __init__(self, errors: GoogleErrors) -> None:
        self._errors = errors

    def read(self, head: UpstreamHead, body: bytes) -> Answer:
        """Return what a body says.

        Raises:
            GatewayError: It is none of this API's, or says that the prompt was blocked, or that something failed.
        """
        self._errors.check_type(head, body)
        try:
            frame = read_frame(body)
            refuse(frame, self._errors, body)
            if not frame.candidates:
                raise Malformed("has no candidates")
            id_ = text_of(frame.response_id)
            choices = tuple(_choice(candidate, id_) for candidate in frame.candidates)
        except Malformed as error:
            raise self._errors.nonsense(str(error)) from error
        return Answer(
            id=id_, model=text_of(frame.model_version), choices=choices, usage=read_usage(frame.usage_metadata)
        )


def refuse(frame: Frame, errors: GoogleErrors, data: bytes) -> None:
    """Raise the error that an answer with a successful status means, if it means one."""
    error: GatewayError | None = None
    if frame.error:
        error = errors.read_in_band(data)
    elif frame.prompt_feedback is not None and frame.prompt_feedback.block_reason and not frame.candidates:
        error = errors.blocked(frame.prompt_feedback.block_reason)
    if error is not None:
        raise error


def _choice(candidate: Candidate, response_id: str) -> Choice:
    reader = Reader(candidate.index)
    pieces = _joined(reader.read(candidate, response_id))
    finish = reader.finish(candidate.finish_reason or "STOP")
    if candidate.grounding_metadata:
        pieces = _cited(pieces, candidate.grounding_metadata)
    return Choice(tuple(pieces), finish, candidate.index, logprobs=logprobs_of(candidate.logprobs_result))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with texts that follow each other as one."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, Text) and isinstance(last, Text):
            found[-1] = Text(last.text + piece.text)
        else:
            found.append(piece)
    return found


def _cited(pieces: list[Piece], metadata: object) -> list[Piece]:
    """Return the pieces with citations at the text. With several texts nobody says which one the places count in."""
    texts = [place for place, piece in enumerate(pieces) if isinstance(piece, Text)]
    if not texts:
        return pieces
    text = pieces[texts[-1]]
    assert isinstance(text, Text)
    everywhere = [Text(text.text, citations=tuple(citations_of(metadata)))]
    made = cited(text.text, metadata) if len(texts) == 1 else everywhere
    return [*pieces[: texts[-1]], *made, *pieces[texts[-1] + 1 :]]
