"""Gemini's bodies in one spelling, with what the path says in them.

Google's servers take each name in camel case and in snake case (https://protobuf.dev/programming-guides/json/), and
their own examples use both. Everything behind the edge knows the first alone.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

CAMELS = (
    "allowedFunctionNames",
    "cachedContent",
    "candidateCount",
    "codeExecution",
    "codeExecutionResult",
    "displayName",
    "dynamicThreshold",
    "dynamicRetrievalConfig",
    "embedContentConfig",
    "enableEnhancedCivicAnswers",
    "enableWidget",
    "endOffset",
    "executableCode",
    "fileData",
    "fileSearch",
    "fileSearchStoreNames",
    "fileUri",
    "frequencyPenalty",
    "functionCall",
    "functionCallingConfig",
    "functionDeclarations",
    "functionResponse",
    "generateContentRequest",
    "generationConfig",
    "googleMaps",
    "googleSearch",
    "googleSearchRetrieval",
    "imageConfig",
    "includeServerSideToolInvocations",
    "includeThoughts",
    "inlineData",
    "languageCode",
    "latLng",
    "maxItems",
    "maxLength",
    "maxOutputTokens",
    "maxProperties",
    "mediaResolution",
    "mimeType",
    "minItems",
    "minLength",
    "minProperties",
    "anyOf",
    "multiSpeakerVoiceConfig",
    "parametersJsonSchema",
    "outputDimensionality",
    "partMetadata",
    "prebuiltVoiceConfig",
    "presencePenalty",
    "propertyOrdering",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "retrievalConfig",
    "safetySettings",
    "serviceTier",
    "speechConfig",
    "startOffset",
    "stopSequences",
    "systemInstruction",
    "taskType",
    "thinkingBudget",
    "thinkingConfig",
    "thinkingLevel",
    "thoughtSignature",
    "toolConfig",
    "topK",
    "topP",
    "urlContext",
    "videoMetadata",
    "voiceConfig",
    "voiceName",
    "willContinue",
)
"""Names of the API that have two spellings."""
OPAQUE = frozenset({"args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "default", "example"})
"""Fields whose names inside are the caller's own."""
_NAMED = frozenset({"properties", "defs"})
"""Fields whose names are the caller's own, and whose values are the API's again."""
_CAMEL_OF = {re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name): name for name in CAMELS}
_SNAKE = re.compile(rb'"(' + "|".join(sorted(_CAMEL_OF)).encode() + rb')"\s*:')
_COUNTED = re.compile(rb'"generateContentRequest"\s*:')
# Raw keeps the spelling of each fraction.
_DECODER = msgspec.json.Decoder(float_hook=msgspec.Raw)


def completed(body: bytes, model: str, *, stream: bool) -> bytes:
    """Return a body with what its path says in it, and its names in camel case.

    What is no JSON object stays as it is, for `parse` to refuse.

    Args:
        model: The model in the path.
        stream: Whether the method is the one that streams.
    """
    body = in_camel_case(body)
    start, end = body.lstrip()[:1], body.rstrip()
    if start != b"{" or not end.endswith(b"}"):
        return body
    said = {"model": model, "stream": stream}
    before = end[:-1]
    gap = b"" if before.strip() == b"{" else b","
    # Of two fields of one name the last one counts, so the path does.
    return before + gap + msgspec.json.encode(said)[1:]


def in_camel_case(body: bytes) -> bytes:
    """Return a body with its names in camel case; one that asks to count a whole request, as that request."""
    return _respelled(body) if _SNAKE.search(body) is not None or _COUNTED.search(body) is not None else body


def _respelled(body: bytes) -> bytes:
    try:
        found = _camel(_DECODER.decode(body))
        inner = found.get("generateContentRequest") if isinstance(found, dict) else None
        return msgspec.json.encode(inner if isinstance(inner, dict) else found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body


def _camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    name: str
    for name, inner in value.items():
        spelled: str = _CAMEL_OF.get(name, name)
        if spelled in _NAMED and isinstance(inner, dict):
            found[spelled] = {each: _camel(schema) for each, schema in inner.items()}
        else:
            found[spelled] = inner if spelled in OPAQUE else _camel(inner)
    return found
