"""Write again what is made from the program: docs/config.schema.json, and parts of configuration.md, providers.md
and routing.md.

Run: ``make docs``
"""

import json
from pathlib import Path

from sluicegate.cli.providers import matrix
from sluicegate.pipeline import conditions
from sluicegate.pipeline.config.reference import markdown
from sluicegate.pipeline.config.schema import json_schema
from sluicegate.pipeline.registry import Registry

HERE = Path(__file__).parent
FIRST_SECTION = "## `server`"
FIRST_TABLE = "## Operations"


def main() -> None:
    """Write all of it."""
    registry = Registry()
    (HERE / "config.schema.json").write_text(json.dumps(json_schema(registry), indent=2, ensure_ascii=False) + "\n")
    _replace(HERE / "configuration.md", FIRST_SECTION, markdown(registry))
    _replace(HERE / "routing.md", conditions.FIRST_FACT, conditions.markdown())
    _replace(HERE / "providers.md", FIRST_TABLE, matrix.markdown(registry))


def _replace(page: Path, first: str, made: str) -> None:
    """Write a page again from a heading on; what stands before that is written by hand."""
    page.write_text(page.read_text().partition(first)[0] + made)


if __name__ == "__main__":
    main()
