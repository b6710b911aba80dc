"""How much a model is to think, in the words that it understands."""

from __future__ import annotations

from sluicegate.pipeline.form.chat import Reasoning
from sluicegate.pipeline.form.sides import Dropped

from .blocks import Fields
from .tables import BUDGETS, MIN_BUDGET, Model

HINT = "reasoning_effort"
"""Its name for what is dropped."""
_DISABLED = {"type": "disabled"}
_RANK = {effort: rank for rank, effort in enumerate(BUDGETS)}


def thinks(reasoning: Reasoning | None) -> bool:
    """Say whether thinking is asked for, and not merely allowed."""
    if reasoning is None or reasoning.enabled is False:
        return False
    return bool(reasoning.enabled) or reasoning.effort is not None or reasoning.budget is not None


def write_thinking(fields: Fields, reasoning: Reasoning, model: Model, dropped: Dropped, *, limited: bool) -> None:
    """Add to a request how much to think.

    Args:
        fields: The request; its ``max_tokens`` is raised by what thinking takes, up to the model's own limit.
        limited: Whether the caller set ``max_tokens``. Then it stays, and thinking takes less, or none.
    """
    if model.thinking == "none":
        if thinks(reasoning):
            dropped.drop(HINT)
    elif reasoning.enabled is False:
        fields["thinking"] = dict(_DISABLED)
    elif not thinks(reasoning):
        return
    elif model.thinking == "adaptive":
        # Without `display` some models answer with a signature alone.
        display = "omitted" if reasoning.shown is False else "summarized"
        fields["thinking"] = {"type": "adaptive", "display": display}
        if (effort := reasoning.effort or _effort_for(reasoning.budget)) is not None:
            fields.setdefault("output_config", {})["effort"] = _known(effort, model)
    elif (budget := _budget(fields, reasoning, model, limited=limited)) is not None:
        fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
        if reasoning.shown is False:
            fields["thinking"]["display"] = "omitted"
    else:
        dropped.drop(HINT)


def _budget(fields: Fields, reasoning: Reasoning, model: Model, *, limited: bool) -> int | None:
    """Return the tokens for thinking, which are fewer than those of the whole answer; None where these are too few."""
    wanted = reasoning.budget or BUDGETS.get(reasoning.effort or "medium", BUDGETS["medium"])
    wanted = max(MIN_BUDGET, wanted)
    if not limited:
        fields["max_tokens"] = min(fields["max_tokens"] + wanted, model.max_tokens)
    allowed: int = fields["max_tokens"]
    if allowed <= MIN_BUDGET:
        return None
    return wanted if wanted < allowed else max(MIN_BUDGET, allowed // 2)


def _effort_for(budget: int | None) -> str | None:
    """Return the effort that takes about so many tokens, for models that do not count them."""
    if budget is None:
        return None
    fitting = [effort for effort, tokens in BUDGETS.items() if tokens <= budget]
    return fitting[-1] if fitting else "minimal"


def _known(effort: str, model: Model) -> str:
    """Return an effort, or the next smaller one that the model knows, or its least."""
    rank = _RANK.get(effort, _RANK["medium"])
    fitting = [known for known in model.efforts if _RANK[known] <= rank]
    return fitting[-1] if fitting else model.efforts[0]
