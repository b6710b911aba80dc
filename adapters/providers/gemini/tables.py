"""What differs from model to model, and the words of Gemini's API beside ours. Data; look here first when it changes.

Sources: https://ai.google.dev/gemini-api/docs (thinking, function-calling, thought-signatures), and the enumerations of
the package google-genai.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sluicegate.pipeline.form.answer import Finish

FINISHES: dict[str, Finish] = {
    "STOP": "stop",
    "FINISH_REASON_UNSPECIFIED": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "OTHER": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "IMAGE_OTHER": "content_filter",
    "NO_IMAGE": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
}
"""A reason that is not here counts as `BROKEN` does."""
BROKEN = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    }
)
"""The model failed to write an answer. Where it wrote nothing, that is an error of the upstream's."""

SOUNDS = {"mp3": "audio/mp3", "pcm16": "audio/pcm", "m4a": "audio/mp4", "ulaw": "audio/basic"}
"""Names of audio formats whose media type is not ``audio/`` and the name."""
TIERS = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}
"""A caller's ``service_tier``; ``auto`` is what no tier means."""
SENTINEL = "skip_thought_signature_validator"
"""Stands where a call of another model's has no signature of Gemini's."""


class Budget(NamedTuple):
    """Tokens of thinking that a model takes. ``off`` is the least of all: 0 where it can do without."""

    off: int
    least: int
    most: int


BUDGETS = {
    "pro": Budget(128, 128, 32_768),
    "flash-lite": Budget(0, 512, 24_576),
    "flash": Budget(0, 1, 24_576),
}
"""Of the generation 2.5, by what the name holds; the first that fits."""
EFFORTS = {"minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 32_768, "max": 32_768}
LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH", "max": "HIGH"}
PRO_LEVELS = {**LEVELS, "minimal": "LOW"}
"""Those of a pro model, which cannot but think."""

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?(?![\d.])")


class Family(NamedTuple):
    """What can be told from a model's name.

    Attributes:
        thinks: ``budget`` where tokens are counted, ``level`` where an effort is named; empty where it does not think.
        signed: Whether calls without a thought signature are refused.
        subset: Whether it knows OpenAPI's subset of JSON schemas only.
        pro: Whether it cannot but think.
    """

    thinks: str
    signed: bool
    subset: bool
    pro: bool
    budget: Budget


def family_of(model: str) -> Family:
    """Return what a model's name tells. An alias such as ``gemini-flash-latest`` is of the newest generation."""
    pro = "pro" in model
    budget = next((found for part, found in BUDGETS.items() if part in model), BUDGETS["flash"])
    version: tuple[int, int] | None = None
    if match := _VERSION.search(model):
        version = (int(match[1]), int(match[2] or 0))
    elif "gemini-" in model and model.endswith("-latest"):
        version = (3, 0)
    if version is None:
        return Family("", signed=False, subset="gemma" in model, pro=pro, budget=budget)
    newest = version >= (3, 0)
    thinks = "level" if newest else "budget" if version >= (2, 5) else ""
    return Family(thinks, signed=newest, subset=version < (2, 0), pro=pro, budget=budget)
