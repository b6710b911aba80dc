"""Write again what is made from the program: docs/config.schema.json, and the reference in docs/configuration.md.

Run: ``make docs``
"""

import json
from pathlib import Path

from sluicegate.pipeline.config.reference import markdown
from sluicegate.pipeline.config.schema import json_schema
from sluicegate.pipeline.registry import Registry

HERE = Path(__file__).parent
FIRST_SECTION = "## `server`"


def main() -> None:
    """Write both."""
    registry = Registry()
    (HERE / "config.schema.json").write_text(json.dumps(json_schema(registry), indent=2, ensure_ascii=False) + "\n")
    page = HERE / "configuration.md"
    by_hand = page.read_text().partition(FIRST_SECTION)[0]
    page.write_text(by_hand + markdown(registry))


if __name__ == "__main__":
    main()
