"""A provider that is declared, and what it sends."""

from __future__ import annotations

from typing import Any

from sluicegate.adapters.providers.mapped import Mapped, MappedSettings
from sluicegate.pipeline.config.convert import convert
from tests.conformance.provider_sample import KEY

DECLARED: dict[str, Any] = {
    "type": "mapped",
    "api_key": KEY,
    "base_url": "https://llm.example.test/generate",
    "headers": {"X-Key": "{{api_key}}"},
    "body": {"engine": "{{model}}", "text": "{{prompt}}", "limit": "{{max_tokens}}", "live": "{{stream}}"},
    "response": {
        "text": "output.text",
        "id": "job",
        "finish_reason": "output.why",
        "prompt_tokens": "stats.in",
        "completion_tokens": "stats.out",
    },
    "finish_map": {"done": "stop", "cut": "length"},
    "stream": {"format": "ndjson", "text": "chunk", "done": "final", "done_value": True},
    "errors": {"message": "fault.text", "code": "fault.id", "statuses": {"418": "busy"}},
}
WHOLE = b'{"job":"j1","output":{"text":"Gr\xc3\xbc\xc3\x9fe","why":"cut"},"stats":{"in":9,"out":5}}'
STREAM = (
    b'{"job":"j1","chunk":"Gr"}\n{"chunk":"\xc3\xbc\xc3\x9fe"}\n{"chunk":"","final":true,"stats":{"in":9,"out":5}}\n'
)
STREAM_ERROR = b'{"fault":{"text":"overheated","id":"hot"}}\n'
ERRORS = dict.fromkeys((400, 401, 404, 429, 500), b'{"fault":{"text":"told","id":"E1"}}')


def declared(**changes: Any) -> Mapped:
    """Return a translator of these settings; those of a section are changed one by one."""
    given = {**DECLARED}
    for name, value in changes.items():
        section = isinstance(value, dict) and name in ("response", "stream", "errors")
        given[name] = {**given[name], **value} if section else value
    return Mapped("upstream", convert(MappedSettings, given), wall=lambda: 1790000000.0)
