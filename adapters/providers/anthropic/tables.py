"""What is known of Claude's models, and of the words of its API. Data; a model that is not here is taken as a new one.

Source: LiteLLM's table of models (``model_prices_and_context_window.json``, 1.109), and Anthropic's documentation.
Rows of models that neither has any more are from their time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from sluicegate.pipeline.form.answer import Finish

DEFAULT_MAX_TOKENS = 16_384
"""Of an answer, where nobody says how long it may get: what a whole answer can bring within ten minutes."""
MIN_BUDGET = 1024
"""Tokens of thinking, at least: https://platform.claude.com/docs/en/build-with-claude/extended-thinking."""
MAX_MARKS = 4
"""Places of one request that may be marked to be kept."""
IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
TTLS = frozenset({"5m", "1h"})
FILES_BETA = "files-api-2025-04-14"
SERVICE_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
"""The tiers of any dialect, and what they are here; others are left out."""
FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    # A tool of the provider's own took long: the answer is not at its end, and goes on when it is sent back.
    "pause_turn": "length",
}
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 4096, "high": 8192, "xhigh": 16_384, "max": 32_768}
"""Tokens of thinking by effort, for models that count them."""
_FIRST_EFFORTS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Model:
    """What one model can be asked.

    Attributes:
        max_tokens: The longest answer.
        thinking: ``adaptive`` decides by itself how much, ``budget`` is told the tokens, ``none`` cannot.
        efforts: From the least to the most.
        samples: Whether it takes temperature, top_p and top_k.
        samples_pair: Whether it takes temperature and top_p together.
        prefills: Whether it goes on with an answer that the request begins.
        forced: Whether it can be made to call a tool.
        schemas: Whether it keeps to a JSON schema: of the answer, and of the arguments of strict tools.
    """

    max_tokens: int = 128_000
    thinking: Literal["adaptive", "budget", "none"] = "adaptive"
    efforts: tuple[str, ...] = (*_FIRST_EFFORTS, "xhigh", "max")
    samples: bool = False
    samples_pair: bool = False
    prefills: bool = False
    forced: bool = True
    schemas: bool = True


NEWEST = Model()
_UNFORCED = replace(NEWEST, forced=False)
_4_6 = replace(NEWEST, samples=True, efforts=(*_FIRST_EFFORTS, "max"))
_4_5 = replace(NEWEST, max_tokens=64_000, thinking="budget", samples=True, prefills=True)
_4_1 = replace(_4_5, max_tokens=32_000, schemas=False)
_4_0 = replace(_4_1, samples_pair=True)
_3_7 = replace(_4_0, max_tokens=64_000)
_3_5 = replace(_4_0, max_tokens=8192, thinking="none")
_3_0 = replace(_3_5, max_tokens=4096)

MODELS = {
    "claude-sonnet-5-5": _UNFORCED,
    "claude-opus-5-5": _UNFORCED,
    "claude-fable-5-1": _UNFORCED,
    "claude-mythos-5-1": _UNFORCED,
    "claude-opus-4-6": _4_6,
    "claude-sonnet-4-6": _4_6,
    "claude-opus-4-5": _4_5,
    "claude-sonnet-4-5": _4_5,
    "claude-haiku-4-5": _4_5,
    "claude-opus-4-1": _4_1,
    "claude-opus-4": _4_0,
    "claude-opus-4-0": _4_0,
    "claude-sonnet-4": _3_7,
    "claude-sonnet-4-0": _3_7,
    "claude-3-7-sonnet": _3_7,
    "claude-3-5-sonnet": _3_5,
    "claude-3-5-haiku": _3_5,
    "claude-3-opus": _3_0,
    "claude-3-sonnet": _3_0,
    "claude-3-haiku": _3_0,
}
# Dates and versions of a platform, as in `claude-sonnet-4-20250514` and `claude-3-haiku@20240307`, are no part of it.
_NAME = re.compile(r"claude-(?:[a-z]+-\d+(?:-\d{1,2}(?!\d))?|\d+(?:-\d{1,2})?-[a-z]+)")


def model_of(name: str) -> Model:
    """Return what a model can be asked, by its name on any platform."""
    found = _NAME.search(name.lower().replace(".", "-"))
    return MODELS.get(found[0], NEWEST) if found else NEWEST
