"""The dialect of Gemini's API.

https://ai.google.dev/api/generate-content
"""

from .dialect import DIALECT as DIALECT
