"""What the members of the family want otherwise of images, speech and moderations."""

from __future__ import annotations

import re

import msgspec

from sluicegate.pipeline.form.sides import Dropped

from ..openai.moderations import CATEGORIES
from .answers import read_json, write_json
from .messages import text_in

Fields = dict[str, msgspec.Raw]
_TOKENS = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": "input_tokens_details",
    "completion_tokens_details": "output_tokens_details",
}
"""Of chats, by their names in answers with images."""
_SIZE = re.compile(r"(\d{2,5})x(\d{2,5})")
MISTRAL_CATEGORIES = {
    "hate_and_discrimination": "hate",
    "violence_and_threats": "violence",
    "selfharm": "self-harm",
    "dangerous_and_criminal_content": "illicit",
    "dangerous": "illicit",
    "criminal": "illicit",
}
"""Those of Mistral that are nearly one of OpenAI's; ``sexual`` has one name in both.
https://docs.mistral.ai/capabilities/guardrailing"""


def write_sound(fields: Fields, formats: dict[str, str], dropped: Dropped) -> None:
    """Ask for sound by the provider's own name of a format. Raises InvalidRequest for one that it has not."""
    if text_in(fields.get("stream_format")) == "sse":
        raise dropped.unsupported("stream_format")
    fields.pop("stream_format", None)
    if wanted := text_in(fields.get("response_format")):
        if wanted not in formats:
            raise dropped.unsupported("response_format")
        fields["response_format"] = msgspec.Raw(msgspec.json.encode(formats[wanted]))


def write_size(fields: Fields, dropped: Dropped) -> None:
    """Give the size of an image as two numbers; ``auto`` is no size. Raises InvalidRequest for what is none."""
    wanted = text_in(fields.pop("size", None))
    if wanted in ("", "auto"):
        return
    if (sides := _SIZE.fullmatch(wanted)) is None:
        raise dropped.unsupported("size")
    fields["width"], fields["height"] = (msgspec.Raw(side.encode()) for side in sides.groups())


def mend_images(body: bytes, created: int) -> bytes:
    """Return images with the date that OpenAI's clients ask for, and without what they have no name for."""
    top = read_json(body)
    if top is None or not isinstance(rows := top.get("data"), list):
        return body
    kept = ("b64_json", "url", "revised_prompt")
    data = [{name: row[name] for name in kept if row.get(name)} for row in rows if isinstance(row, dict)]
    if isinstance(usage := top.get("usage"), dict) and "prompt_tokens" in usage:
        renamed = {_TOKENS.get(name, name): value for name, value in usage.items()}
        top = {**top, "usage": renamed}
    return write_json({"created": created, **top, "data": data})


def mend_moderations(body: bytes, names: dict[str, str]) -> bytes:
    """Return judgements with all of OpenAI's categories, by other names too, and with a verdict.

    Args:
        body: The answer.
        names: From the provider's own categories to OpenAI's. Its own stay beside them.
    """
    top = read_json(body)
    if top is None or not isinstance(results := top.get("results"), list):
        return body
    mended = [_judged(result, names) for result in results if isinstance(result, dict)]
    return write_json({**top, "results": mended})


def _judged(result: dict[str, object], names: dict[str, str]) -> dict[str, object]:
    found, scored = result.get("categories"), result.get("category_scores")
    own = {name: bool(said) for name, said in found.items()} if isinstance(found, dict) else {}
    scores = {name: s for name, s in scored.items() if isinstance(s, int | float)} if isinstance(scored, dict) else {}
    categories = dict.fromkeys(CATEGORIES, False) | own
    all_scores: dict[str, float] = dict.fromkeys(CATEGORIES, 0.0) | scores
    for name, ours in names.items():
        categories[ours] = categories[ours] or own.get(name, False)
        all_scores[ours] = max(all_scores[ours], scores.get(name, 0.0))
    flagged = result.get("flagged")
    return {
        **result,
        "flagged": flagged if isinstance(flagged, bool) else any(own.values()),
        "categories": categories,
        "category_scores": all_scores,
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }
