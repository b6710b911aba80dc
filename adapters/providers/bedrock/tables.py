"""What is known of Bedrock's models and words. Data; a model that is not here is told what all of them understand.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html,
botocore's service model of ``bedrock-runtime``, and LiteLLM 1.109 (``converse_transformation.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sluicegate.pipeline.form.answer import Finish

FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
BROKEN = frozenset({"malformed_model_output", "malformed_tool_use"})
"""The model failed to write an answer. Where it wrote nothing, that is an error of the upstream's."""

IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "application/json": "txt",
    "text/markdown": "md",
}
DOCUMENT_FORMATS = frozenset(DOCUMENTS.values())
SOUNDS = {"mp3": "mp3", "wav": "wav", "flac": "flac", "opus": "opus", "aac": "aac", "ogg": "ogg", "pcm16": "pcm"}
TIERS = {"default": "default", "standard_only": "default", "flex": "flex", "priority": "priority"}
"""A caller's ``service_tier``; ``auto`` is what no tier means."""
TTLS = {None: None, "5m": None, "1h": "1h"}
"""How long a prompt is kept. What is so anyway is not said: older models know no other."""
MAX_MARKS = 4
"""Places of one request that may be marked to be kept."""
PASSED = ("guardrailConfig", "performanceConfig")
"""Fields of Converse's own that a caller may add to a request in OpenAI's words."""
MORE = "additionalModelRequestFields"
"""The same; what else a model can be told stands in it."""
BETAS = frozenset(
    {
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "effort-2025-11-24",
        "interleaved-thinking-2025-05-14",
        "output-128k-2025-02-19",
        "token-efficient-tools-2025-02-19",
    }
)
"""Features that callers of Anthropic's API ask for by these names, and Claude has here too. Others are refused:
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html"""
MAX_METADATA = 16
METADATA = re.compile(r"[A-Za-z0-9\s:_@$#=/+,.-]{1,256}")


@dataclass(frozen=True, slots=True)
class Family:
    """What the models of one maker can be asked.

    Attributes:
        name: The part of a model's name that tells.
        thinks: How they are told how much to think: as Claude, by ``reasoning_effort``, as Nova, or not.
        top_k: Where ``top_k`` stands in `MORE`; empty where it is not known.
        marks: Whether they keep prompts that are marked; ``tools`` where also offers of tools.
        status: Whether the result of a tool may say that it failed.
        prefills: Whether they go on with an answer that the request begins; of Claude's each knows for itself.
        recalls: Whether they take earlier thoughts back.
        schemas: Whether they keep to a JSON schema; of Claude's each knows for itself.
    """

    name: str
    thinks: Literal["claude", "effort", "nova", ""] = ""
    top_k: tuple[str, ...] = ()
    marks: Literal["all", "talk", ""] = ""
    status: bool = False
    prefills: bool = False
    recalls: bool = False
    schemas: bool = True


UNKNOWN = Family("")
FAMILIES = (
    Family("claude", thinks="claude", top_k=("top_k",), marks="all", status=True, recalls=True),
    Family("nova-2", "nova", ("inferenceConfig", "topK"), "talk", status=True, recalls=True, schemas=False),
    Family("nova", "", ("inferenceConfig", "topK"), "talk", status=True, prefills=True, schemas=False),
    Family("gpt-oss", thinks="effort"),
    Family("cohere.command", top_k=("k",), schemas=False),
    Family("llama", schemas=False),
    Family("mistral", top_k=("top_k",)),
)
"""The first whose name is part of the model's."""
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
"""A caller's efforts for models that know three of them."""


def family_of(*names: str) -> Family:
    """Return whose model it is, by the first of its names that tells: an inference profile may have none that does."""
    for name in names:
        lowered = name.lower()
        found = next((family for family in FAMILIES if family.name in lowered), None)
        if found is not None:
            return found
    return UNKNOWN


@dataclass(frozen=True, slots=True)
class Embedder:
    """How models that embed are asked by InvokeModel.

    Attributes:
        name: The part of a model's name that tells.
        kind: Whose words they understand.
        most: Texts of one call.
        dimensions: The field that says how many numbers a vector is to have; empty where that is fixed.
    """

    name: str
    kind: Literal["titan", "cohere"]
    most: int = 1
    dimensions: str = ""


EMBEDDERS = (
    Embedder("titan-embed-text-v2", "titan", dimensions="dimensions"),
    Embedder("titan-embed-image", "titan"),
    Embedder("titan-embed", "titan"),
    Embedder("cohere.embed-v4", "cohere", most=96, dimensions="output_dimension"),
    Embedder("cohere.embed", "cohere", most=96),
)
"""The first whose name is part of the model's."""


def embedder_of(*names: str) -> Embedder | None:
    """Return how a model is asked for embeddings, by the first of its names that tells; None where none does."""
    return next((one for name in names for one in EMBEDDERS if one.name in name.lower()), None)


PAINTERS: dict[str, Literal["amazon", "stability"]] = {
    "titan-image": "amazon",
    "nova-canvas": "amazon",
    "stability.sd3": "stability",
    "stable-image-core": "stability",
    "stable-image-ultra": "stability",
}
"""Whose words a model understands that draws, by the part of its name that tells. Stability's that only change images
have others."""
QUALITIES = {"standard": "standard", "low": "standard", "medium": "standard", "hd": "premium", "high": "premium"}
"""A caller's ``quality`` for Amazon's models."""
RATIOS = {
    "16:9": 16 / 9,
    "1:1": 1.0,
    "21:9": 21 / 9,
    "2:3": 2 / 3,
    "3:2": 1.5,
    "4:5": 0.8,
    "5:4": 1.25,
    "9:16": 9 / 16,
    "9:21": 9 / 21,
}
"""Forms that Stability's models have; a size becomes the nearest of them."""
FORMATS = frozenset({"png", "jpeg"})


def painter_of(*names: str) -> str:
    """Return how a model is asked for images, by the first of its names that tells; empty where none does."""
    return next((kind for name in names for part, kind in PAINTERS.items() if part in name.lower()), "")
