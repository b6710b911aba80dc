"""Check whole answers of OpenAI's API. Their bytes pass through."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from sluicegate.pipeline.provider import UpstreamHead
from sluicegate.pipeline.reply import Usage

from ..problem import problem_in, read_problem
from .errors import ErrorTable
from .usage import read_total, read_usage

_NO_VALUE = msgspec.Raw()
_WANTED = {"embedding": "data", "image": "data", "moderation": "results", "rerank": "results"}
"""The list that an answer must have, where that is not ``choices``."""


class OpenAIAnswer(msgspec.Struct):
    """The top level of a successful answer. Others than chats have lists of other names."""

    choices: msgspec.Raw = _NO_VALUE
    data: msgspec.Raw = _NO_VALUE
    results: msgspec.Raw = _NO_VALUE
    usage: object = None
    service_tier: object = None
    error: object = None


_decode = msgspec.json.Decoder(OpenAIAnswer).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


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
        name = _WANTED.get(operation, "choices")
        wanted: msgspec.Raw = getattr(answer, name)
        if not bytes(wanted).startswith(b"["):
            problem = read_problem(body)
            if problem.message:
                raise self._errors.in_band(problem)
            raise self._errors.nonsense(f"has no {name}")
        if operation == "image":
            usage = read_usage(answer.usage) or Usage()
            # Servers that do not say which of the output is images write nothing else.
            drawn = usage.image_output or usage.output
            return replace(usage, images=len(_decode_list(wanted)), image_output=drawn)
        if operation == "rerank":
            return read_usage(answer.usage) or read_total(answer.usage)
        return read_usage(answer.usage, answer.service_tier)

    def check_type(self, head: UpstreamHead, body: bytes = b"") -> None:
        """Raise UpstreamError unless an answer says that it is JSON; one that says nothing is believed."""
        media_type = head.media_type
        if not media_type or media_type == "application/json" or media_type.endswith("+json"):
            return
        told = f"is {media_type[:80]}, not JSON"
        said = read_problem(body).message if media_type.startswith("text/") else ""
        raise self._errors.nonsense(f"{told}: {said}" if said else told)
