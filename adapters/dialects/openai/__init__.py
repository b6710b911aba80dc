"""The chat completions of OpenAI's API, as callers speak them."""

from .dialect import OpenAIDialect

DIALECT = OpenAIDialect()
