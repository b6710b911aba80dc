"""Google AI Studio."""

from .translator import Gemini as Gemini
from .translator import GeminiSettings as GeminiSettings
