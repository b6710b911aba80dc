"""OpenAI, and the servers that speak its API."""

from .settings import OpenAISettings as OpenAISettings
from .translator import OpenAI as OpenAI
