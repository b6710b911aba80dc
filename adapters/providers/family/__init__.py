"""Providers whose API is OpenAI's with differences: each member is a `Profile` and little more."""

from .member import Member as Member
from .profile import ErrorRules as ErrorRules
from .profile import MessageRules as MessageRules
from .profile import Profile as Profile
