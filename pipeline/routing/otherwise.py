"""Refusals for which a plan may have other targets: a prompt that is too long, and one that a provider will not answer.

They are faults of the caller's, for which no plan goes on by itself: the next target would say the same. Whoever lists
targets for them says that those would not.
"""

from __future__ import annotations

import re

from ..errors import Fault, GatewayError

CONTEXT_WINDOW = "context_window"
CONTENT_POLICY = "content_policy"

_CODES = {
    "context_length_exceeded": CONTEXT_WINDOW,
    "string_above_max_length": CONTEXT_WINDOW,
    "content_filter": CONTENT_POLICY,
    "content_policy_violation": CONTENT_POLICY,
    "moderation_blocked": CONTENT_POLICY,
}
"""Codes of errors, as providers' own or as their translators give them."""
_TOO_LONG = re.compile(
    r"prompt is too long|context (?:length|window|limit)|maximum (?:context|sequence) length|input token count|"
    r"too many (?:input )?tokens|input is too long|exceeds? the (?:model's )?(?:context|maximum)",
    re.IGNORECASE,
)
"""How those say it that have no code of its own for it: Anthropic, Gemini, Bedrock, Cohere, Together."""


def reason_of(error: GatewayError) -> str | None:
    """Return why a target refused, if that is one of the reasons above, or None."""
    if error.fault is not Fault.CLIENT:
        return None
    reason = _CODES.get(error.code)
    if reason is None and error.status in (400, 413, 422) and _TOO_LONG.search(error.message):
        return CONTEXT_WINDOW
    return reason
