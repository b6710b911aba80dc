"""One answer of the simulator: what is sent, and at which time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .translator import SimulatorSettings


class Ending(Enum):
    """How an answer ends: as it should, with the connection broken, or never."""

    CLEAN = "clean"
    CUT = "cut"
    STALL = "stall"


@dataclass(frozen=True, slots=True)
class Script:
    """One answer.

    Attributes:
        head_at: Seconds after the request at which the head comes.
        steps: (seconds after the request, bytes), in order of time.
    """

    status: int
    media_type: str
    head_at: float
    steps: tuple[tuple[float, bytes], ...]
    ending: Ending = Ending.CLEAN


def error_script(status: int, kind: str, code: str, message: str, settings: SimulatorSettings) -> Script:
    """Return the script of an error."""
    body = msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": code}})
    return Script(status, "application/json", settings.first_token, ((settings.first_token, body),))


def time_of(settings: SimulatorSettings, token: int) -> float:
    """Return the seconds after the request at which a token is there; the first has number 0."""
    rate = settings.tokens_per_second
    return settings.first_token + (token / rate if rate > 0 else 0.0)
