"""OpenAI, and the servers that speak its API."""

from .translator import OpenAI as OpenAI
from .translator import OpenAISettings as OpenAISettings
