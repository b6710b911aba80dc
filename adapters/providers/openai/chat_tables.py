"""What OpenAI's own models take, by the beginnings of their names. Servers that speak its API are not asked.

Source: https://platform.openai.com/docs/models, from memory where the API reference does not say it.
"""

from __future__ import annotations

_NO_EFFORT = ("gpt-3.5", "gpt-4", "chatgpt-4")
"""Models that refuse ``reasoning_effort``."""
_FIXED_SAMPLING = ("o1", "o3", "o4", "gpt-5")
"""Models that refuse a ``temperature`` and ``top_p`` other than 1."""
_EFFORTS = ((2048, "low"), (8192, "medium"))
TIERS = {
    "auto": "auto",
    "default": "default",
    "flex": "flex",
    "scale": "scale",
    "priority": "priority",
    "fast": "fast",
    "standard_only": "default",
}
"""Service tiers, also as Anthropic's callers name them."""
MOST_STOPS = 4
LONGEST_USER = 64
"""Characters that the name of an end user may have."""


def takes_effort(model: str) -> bool:
    """Say whether a model can be told how much to think."""
    return not model.startswith(_NO_EFFORT)


def takes_sampling(model: str) -> bool:
    """Say whether a model can be told how to sample."""
    return not model.startswith(_FIXED_SAMPLING)


def effort_for(budget: int) -> str:
    """Return the effort that comes nearest to a budget of tokens."""
    return next((effort for limit, effort in _EFFORTS if budget <= limit), "high")
