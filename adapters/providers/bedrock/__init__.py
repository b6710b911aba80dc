"""AWS Bedrock, by its Converse API."""

from .settings import BedrockSettings as BedrockSettings
from .translator import Bedrock as Bedrock
