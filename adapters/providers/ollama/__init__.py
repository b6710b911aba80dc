"""Ollama, by its own API."""

from .translator import Ollama as Ollama
from .translator import OllamaSettings as OllamaSettings
