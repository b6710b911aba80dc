"""Any JSON API that continues texts: how it is asked, and where its answers are, is said in the configuration."""

from .settings import MappedSettings as MappedSettings
from .translator import Mapped as Mapped
