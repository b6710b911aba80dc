"""Anthropic. What knows no URL and no credential here serves Claude on other platforms too."""

from .translator import Anthropic as Anthropic
from .translator import AnthropicSettings as AnthropicSettings
