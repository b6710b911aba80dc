"""The paths below ``/v1/responses/``, and what their queries say.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

import msgspec

from sluicegate.pipeline.errors import InvalidRequest

ROOT = "/v1/responses/"
ITEMS = "input_items"
_BELOW = frozenset({"", ITEMS, "cancel"})
_NO_IDS = frozenset({"compact"})
"""What OpenAI has there beside responses, and the gateway has not."""


def response_in(path: str) -> tuple[str, str] | None:
    """Return the id in a percent-encoded path below the root and what stands behind it, or None for no such path."""
    name, slash, below = path[len(ROOT) :].partition("/")
    known = path.startswith(ROOT) and name and name not in _NO_IDS and below in _BELOW and bool(slash) == bool(below)
    return (unquote(name), below) if known else None


def query_as_body(operation: str, query: bytes) -> bytes:
    """Return the query of a request for what is kept, as a JSON object of texts.

    Raises:
        InvalidRequest: It asks for a stream, which there is not.
    """
    said = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    if operation == "response" and said.get("stream") == "true":
        raise InvalidRequest("a response that is kept is shown whole, not as a stream", param="stream")
    return msgspec.json.encode(said) if operation == ITEMS and said else b""
