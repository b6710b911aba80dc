"""`sluicegate schema`: the JSON schema of configuration files."""

from __future__ import annotations

import json

from sluicegate.pipeline.config.schema import json_schema
from sluicegate.pipeline.registry import Registry


def schema() -> None:
    """Print the JSON schema of configuration files, for editors; it knows every stage that is installed."""
    print(json.dumps(json_schema(Registry()), indent=2, ensure_ascii=False))
