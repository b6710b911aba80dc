"""The dialect of OpenAI's Responses API.

https://platform.openai.com/docs/api-reference/responses and .../responses-streaming
"""

from .dialect import DIALECT as DIALECT
