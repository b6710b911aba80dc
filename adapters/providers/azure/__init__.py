"""Azure OpenAI, and what Azure AI Foundry serves by the same API."""

from .translator import Azure as Azure
from .translator import AzureSettings as AzureSettings
