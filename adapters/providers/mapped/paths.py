"""Places in a JSON value, written as ``output.choices[0].text``."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]
_WHOLE = re.compile(r"[^.\[\]]+(?:\[\d{1,6}\])*(?:\.[^.\[\]]+(?:\[\d{1,6}\])*)*")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def path_of(text: str) -> Path:
    """Return the steps of a path; none for an empty text. Raises ValueError for what is none."""
    if text and _WHOLE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no path: write it as output.choices[0].text")
    return tuple(int(index) if index else name for index, name in _STEP.findall(text))


def value_at(value: object, path: Path) -> object:
    """Return what stands at a path, or None where nothing does, or the path is empty."""
    if not path:
        return None
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else None
    return value
