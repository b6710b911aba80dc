"""The same recorded traffic through two configurations, and what differs."""

from .compare import Difference as Difference
from .compare import diff as diff
