"""Check whole answers of OpenAI's API. Their bytes pass through."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage

from ..problem import problem_in, read_problem
from .errors import ErrorTable
from .usage import read_usage

_NO_VALUE = msgspec.Raw()


class OpenAIAnswer(msgspec.Struct):
    """The top level of a successful answer. ``data`` is what embeddings have in place of choices."""

    choices: msgspec.Raw = _NO_VALUE
    data: msgspec.Raw = _NO_VALUE
    usage: object = None
    error: object = None


_decode = msgspec.json.Decoder(OpenAIAnswer).decode


class AnswerReader:
    """Checks the whole answers of one provider. ``errors`` maps those that come with a successful status."""

    def __init__(self, errors: ErrorTable) -> None:
        self._errors = errors

    def read(self, operation: str, head: UpstreamHead, body: bytes) -> Usage | None:
        """Check that ``body`` is an answer to ``operation``; return its tokens.

        Raises:
            GatewayError: It is none, or an error that came with a successful status.
        """
        self.check_type(head, body)
        try:
            if not body.isascii():
                body.decode()  # what is not read is not checked, and would break the client
            answer = _decode(body)
        except msgspec.ValidationError as error:
            raise self._errors.nonsense(f"is not of its API ({error})") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._errors.nonsense("is not valid JSON" if body.strip() else "is empty") from error
        if answer.error:
            raise self._errors.in_band(problem_in({"error": answer.error}))
        wanted = answer.data if operation == "embedding" else answer.choices
        if not bytes(wanted).startswith(b"["):
            problem = read_problem(body)
            if problem.message:
                raise self._errors.in_band(problem)
            raise self._errors.nonsense(f"has no {'data' if operation == 'embedding' else 'choices'}")
        return read_usage(answer.usage)

    def check_type(self, head: UpstreamHead, body: bytes = b"") -> None:
        """Raise UpstreamError unless an answer says that it is JSON; one that says nothing is believed."""
        media_type = head.media_type
        if not media_type or media_type == "application/json" or media_type.endswith("+json"):
            return
        told = f"is {media_type[:80]}, not JSON"
        said = read_problem(body).message if media_type.startswith("text/") else ""
        raise self._errors.nonsense(f"{told}: {said}" if said else told)
