"""`sluicegate list`: stages and provider types, and what can be set for each."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from sluicegate.pipeline.config.reference import described, markdown
from sluicegate.pipeline.registry import Registry

_WIDTH = 100


class Which(StrEnum):
    """What to list."""

    STAGES = "stages"
    PROVIDERS = "providers"


def list_components(
    which: Annotated[Which | None, typer.Argument(help="Only these.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print all sections, as the manual has them.")
    ] = False,
) -> None:
    """List stages and provider types with their fields, defaults and meaning."""
    registry = Registry()
    if as_markdown:
        print(markdown(registry), end="")
        return
    found = described(registry)
    if which is not None:
        found = {which.value: found[which.value]}
    print(json.dumps(found, indent=2, ensure_ascii=False) if as_json else "\n".join(_lines(found)))


def _lines(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for group, components in found.items():
        yield f"{group}:"
        for component in components:
            lane = f" ({component['lane']} lane)" if "lane" in component else ""
            yield ""
            yield f"  {component['name']}{lane}: {component['summary']}"
            for field in component["fields"]:
                default = "required" if field["required"] else f"default {field['default']}"
                yield f"    {field['name']}: {field['kind']}; {default}"
                yield from textwrap.wrap(
                    field["description"], _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8
                )
        yield ""
