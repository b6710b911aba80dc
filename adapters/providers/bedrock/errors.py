"""What Bedrock's errors mean for the gateway: whose fault, and whether to ask again.

An error is told by its name: in the header ``x-amzn-errortype``, in the body's ``__type``, or in a stream's message.
Source: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html, botocore's model.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from sluicegate.pipeline.errors import GatewayError, UnsupportedEndpoint, UpstreamTimeout
from sluicegate.pipeline.provider import UpstreamHead

from ..openai.errors import ErrorTable
from ..problem import Problem, problem_in, read_problem
from ..retry_after import read_retry_after

TYPE = "x-amzn-errortype"
STATUSES = {
    "ValidationException": 400,
    "SerializationException": 400,
    "ServiceQuotaExceededException": 429,
    "AccessDeniedException": 403,
    "UnrecognizedClientException": 403,
    "ExpiredTokenException": 403,
    "InvalidSignatureException": 403,
    "IncompleteSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "InvalidClientTokenId": 403,
    "OptInRequired": 403,
    "ResourceNotFoundException": 404,
    "UnknownOperationException": 405,
    "ConflictException": 409,
    "ModelErrorException": 500,
    "ModelStreamErrorException": 500,
    "InternalServerException": 500,
    "InternalFailure": 500,
    "ModelNotReadyException": 503,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "TooManyRequestsException": 429,
    "ModelTimeoutException": 504,
}
"""What an error means by its name, as the status that says so elsewhere. Bedrock's own may say less: 424, or none."""
MODEL_FAILED = 424
"""Bedrock's own status for a model that failed, which is nothing that a caller could do better."""
FAILED = 500
REFUSALS = {
    "AccessDeniedException": "may not be asked for this: the gateway's credentials have no access to it",
    "OptInRequired": "may not be asked for this: the gateway's credentials have no access to it",
    "ExpiredTokenException": "says that the gateway's credentials have expired",
    "InvalidSignatureException": "did not accept the signature: look at secret_access_key, region and the clock",
}
"""Refusals that say more than that the key is not accepted."""
COUNTS_NOT = "support counting tokens"
"""Part of what is said of a model that does not count: which of them do, nobody can ask."""
_decode = msgspec.json.Decoder(dict[str, object]).decode


class BedrockErrors(ErrorTable):
    """Maps the errors of one provider."""

    def of(self, head: UpstreamHead, body: bytes, wall: float) -> GatewayError:
        """Return the error that an answer with status 300 or above means.

        Args:
            wall: Seconds since the epoch, for a date in ``retry-after``.
        """
        problem, kind = _read(body)
        kind = _name(head.headers.get(TYPE, "")) or kind
        return self.named(kind, problem, head.status, read_retry_after(head.headers, wall))

    def named(self, kind: str, problem: Problem, status: int = 500, retry_after: float | None = None) -> GatewayError:
        """Return the error of a name.

        Args:
            kind: As in `STATUSES`; others go by the status.
            status: What the answer said, where there was one.
        """
        if COUNTS_NOT in problem.message:
            return UnsupportedEndpoint(self._says(status, self._clean(problem)), param="model")
        if kind in REFUSALS:
            return self._refused(REFUSALS[kind], status, None)
        meant = STATUSES.get(kind, FAILED if status == MODEL_FAILED else status)
        problem = replace(problem, type=problem.type or kind or None)
        if meant == 504:
            return UpstreamTimeout(self._says(status, self._clean(problem)), retry_after=retry_after)
        return self.error(meant, problem, retry_after)

    def in_stream(self, kind: str, payload: bytes) -> GatewayError:
        """Return the error that a stream tells of. Its name begins with a small letter there."""
        problem, inner = _read(payload)
        kind = _name(kind) or inner
        return self.named(kind[:1].upper() + kind[1:], problem, STATUSES.get(kind[:1].upper() + kind[1:], 500))


def _read(body: bytes) -> tuple[Problem, str]:
    """Return what an error body says, and the name in it. Some services write ``Message``."""
    problem = read_problem(body)
    try:
        fields = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return problem, ""
    if not problem.message:
        told = fields.get("Message") or fields.get("originalMessage")
        problem = problem_in({**fields, "message": told})
    return problem, _name(fields.get("__type") or fields.get("code"))


def _name(value: object) -> str:
    """Return an error's name without what stands around it: ``ns#Name:http://...``."""
    text = value if isinstance(value, str) else ""
    found = text.partition(":")[0].rpartition("#")[2].strip()
    return found if found.isascii() and found.isalnum() and len(found) <= 64 else ""
