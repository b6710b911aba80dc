"""What ``generationConfig`` says, in the form."""

from __future__ import annotations

from typing import Any

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.form.chat import Format, Reasoning
from sluicegate.pipeline.schemas.generate import GenerationConfig, ThinkingConfig

from .schema import json_schema

_SAME = {
    "max_output_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "response_logprobs": "logprobs",
    "logprobs": "top_logprobs",
}
IN_CONFIG = frozenset(
    [
        "candidateCount",
        "frequencyPenalty",
        "logprobs",
        "maxOutputTokens",
        "presencePenalty",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "seed",
        "speechConfig",
        "stopSequences",
        "temperature",
        "thinkingConfig",
        "topK",
        "topP",
    ]
)
"""What is read of it; the rest are hints that others are not told."""


def settings_of(config: GenerationConfig | None) -> dict[str, Any]:
    """Return the fields of a `Chat`. Raises InvalidRequest for an answer that is no text."""
    if config is None:
        return {}
    others = [name for name in config.response_modalities or () if name.upper() != "TEXT"]
    if others or config.speech_config is not None:
        raise _unsupported("responseModalities" if others else "speechConfig")
    found = {ours: value for theirs, ours in _SAME.items() if (value := getattr(config, theirs)) is not None}
    if config.top_k is not None:
        found["top_k"] = int(config.top_k)
    if config.candidate_count is not None:
        found["n"] = config.candidate_count
    found["stop"] = tuple(config.stop_sequences or ())
    found["format"] = _format(config)
    found["reasoning"] = _reasoning(config.thinking_config) if config.thinking_config is not None else None
    return found


def _unsupported(name: str) -> InvalidRequest:
    path = f"generationConfig.{name}"
    told = f"{path}: only Gemini's own API has such answers, and this model is not asked by that"
    return InvalidRequest(told, code="unsupported_parameter", param=path)


def _format(config: GenerationConfig) -> Format | None:
    kind = config.response_mime_type or ""
    if kind not in ("", "text/plain", "application/json"):
        raise _unsupported("responseMimeType")
    schema = config.response_json_schema
    if schema is None and config.response_schema is not None:
        schema = json_schema(config.response_schema)
    if isinstance(schema, dict) and schema:
        return Format("schema", schema=schema)
    return Format("json") if kind == "application/json" else None


def _reasoning(thinking: ThinkingConfig) -> Reasoning | None:
    budget, level = thinking.thinking_budget, (thinking.thinking_level or "").lower()
    told = Reasoning(
        None if budget is None else budget != 0,
        level if level and not level.endswith("unspecified") else None,
        budget if budget is not None and budget > 0 else None,
        thinking.include_thoughts,
    )
    return None if told == Reasoning() else told
