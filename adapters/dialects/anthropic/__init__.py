"""The dialect of Anthropic's Messages API.

https://docs.anthropic.com/en/api/messages and https://docs.anthropic.com/en/docs/build-with-claude/streaming
"""

from .dialect import DIALECT as DIALECT
