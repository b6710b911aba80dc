"""Any server that speaks OpenAI's API, more or less: what it does otherwise is said in the configuration."""

from .settings import CustomSettings as CustomSettings
from .translator import Custom as Custom
