"""What Azure's dated versions have learnt, and when. Fields that a version does not know are a 400 there.

Sources: https://learn.microsoft.com/azure/ai-services/openai/api-version-lifecycle, and what clients have met.
"""

from __future__ import annotations

from collections.abc import Mapping

STREAM_OPTIONS = "2024-09-01"
MAX_COMPLETION_TOKENS = "2024-12-01"
JSON_SCHEMA = "2024-08-01"
REQUIRED_TOOL = "2024-06-01"
HINTS: Mapping[str, str] = {"parallel_tool_calls": "2024-08-01", "reasoning_effort": "2024-12-01"}
"""Fields that may be left out of requests to versions before these."""


def before(version: str, since: str) -> bool:
    """Say whether a version is too old for what came with ``since``. An empty one is not: it has no date."""
    return bool(version) and version < since
