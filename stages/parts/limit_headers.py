"""What an answer's head tells of limits: those of OpenAI's API, and for callers of Anthropic's theirs too.

https://platform.openai.com/docs/guides/rate-limits and https://docs.anthropic.com/en/api/rate-limits
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sluicegate.pipeline.store import Standing

from .limit_rules import Rules
from .periods import moment
from .spans import span

Headers = list[tuple[str, str]]


def limit_headers(
    rules: Rules,
    standings: Sequence[Standing],
    dialect: str,
    wall: Callable[[], float],
    refusing: Standing | None = None,
) -> Headers:
    """Return the headers for the tightest window of requests, and of tokens.

    Args:
        standings: In the order of the rules' windows.
        wall: Seconds since the epoch.
        refusing: The one that refuses, which goes before tighter ones of its kind.
    """
    headers: Headers = []
    for what, places in (("requests", rules.requests), ("tokens", rules.tokens)):
        if not places:
            continue
        of_its_kind = [standings[place] for place in places]
        shown = refusing if refusing is not None and refusing in of_its_kind else _tightest(of_its_kind)
        limit, remaining = str(shown.window.count), str(shown.remaining)
        headers += [
            (f"x-ratelimit-limit-{what}", limit),
            (f"x-ratelimit-remaining-{what}", remaining),
            (f"x-ratelimit-reset-{what}", span(shown.reset)),
        ]
        if dialect == "anthropic":
            headers += [
                (f"anthropic-ratelimit-{what}-limit", limit),
                (f"anthropic-ratelimit-{what}-remaining", remaining),
                (f"anthropic-ratelimit-{what}-reset", moment(wall() + shown.reset)),
            ]
    return headers


def _tightest(standings: Sequence[Standing]) -> Standing:
    """Return the standing that will refuse first; of equals, the one that takes longest to be whole again."""
    if len(standings) == 1:
        return standings[0]
    return min(standings, key=lambda one: (one.remaining, -one.reset))
