"""What can be asked of a chat, each as fields of a request and a sign by which they are known to have been sent on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""
SOUND = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
"""A WAV of no length."""
PAPER = "JVBERi0xLjQKJSVFT0YK"
"""A PDF of no page."""
PICTURE = "https://pictures.example/probe.png"


@dataclass(frozen=True)
class Feature:
    """One column.

    Attributes:
        fields: Fields of a chat, beside those that every chat has.
        parts: Parts of what the user says, beside a text.
        signs: What of these stands in a request that has them, in one spelling or another; empty where each API has
            its own words, so that any difference tells.
    """

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    parts: tuple[dict[str, Any], ...] = ()
    signs: tuple[str, ...] = ()


_SCHEMA = {"type": "object", "properties": {"probe_field": {"type": "string"}}, "required": ["probe_field"]}
_STRICT = {**_SCHEMA, "additionalProperties": False}
_TOOL = {"type": "function", "function": {"name": "probe_tool", "description": "Probes.", "parameters": _SCHEMA}}
_FORMAT = {"type": "json_schema", "json_schema": {"name": "probe", "strict": True, "schema": _STRICT}}
_FILE = {"filename": "probe.pdf", "file_data": f"data:application/pdf;base64,{PAPER}"}
FEATURES = (
    Feature("streams", {"stream": True}),
    Feature("tools", {"tools": [_TOOL]}, signs=("probe_tool",)),
    Feature(
        "a named tool",
        {"tools": [_TOOL], "tool_choice": {"type": "function", "function": {"name": "probe_tool"}}},
        signs=("probe_tool",),
    ),
    Feature("any JSON", {"response_format": {"type": "json_object"}}),
    Feature(
        "JSON by schema",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "probe", "strict": True, "schema": _STRICT},
            }
        },
        signs=("probe_field",),
    ),
    Feature(
        "images",
        parts=({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},),
        signs=(PIXEL,),
    ),
    Feature("images by URL", parts=({"type": "image_url", "image_url": {"url": PICTURE}},), signs=(PICTURE,)),
    Feature("audio", parts=({"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}},), signs=(SOUND,)),
    Feature("files", parts=({"type": "file", "file": _FILE},), signs=(PAPER,)),
    Feature("reasoning effort", {"reasoning_effort": "high"}),
    Feature("stop", {"stop": ["probe_stop"]}, signs=("probe_stop",)),
    Feature("seed", {"seed": 417_203}, signs=("417203",)),
    Feature("logprobs", {"logprobs": True}),
    Feature("several answers", {"n": 2}),
)
