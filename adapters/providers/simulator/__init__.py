"""A provider that never opens a socket: deterministic answers, as slow and as faulty as it is told to be."""

from .translator import Simulator as Simulator
from .translator import SimulatorSettings as SimulatorSettings
