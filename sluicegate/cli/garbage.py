"""When a serving process looks for garbage that only cycles keep alive."""

from __future__ import annotations

import gc

NEW_OBJECTS = 10_000
"""How many new objects make Python look for cycles among them. Its default, 700, is reached by ten requests under way,
which are no garbage, and looking at them again and again takes a twentieth of the time."""


def keep_what_there_is() -> None:
    """Take all objects of now as staying: cycles are looked for among the rest, and less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


def look_at_all_again() -> None:
    """Drop also what was taken as staying and has gone, such as a gateway that was replaced."""
    gc.unfreeze()
    keep_what_there_is()
