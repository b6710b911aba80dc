"""What Gemini's API asks of a conversation beyond the types of its fields."""

from __future__ import annotations

from .generate import GeminiPart, GenerateRequest, many
from .refusals import refuse


def check_contents(typed: GenerateRequest) -> None:
    """Raise InvalidRequest where a typed conversation breaks a rule."""
    contents = many(typed.contents)
    if not contents:
        refuse("contents", "must not be empty", "empty_array")
    for index, content in enumerate(contents):
        for place, part in enumerate(many(content.parts)):
            _check_part(f"contents[{index}].parts[{place}]", part, content.role or "user")
    config = typed.generation_config
    if config is not None and config.response_schema is not None and config.response_json_schema is not None:
        refuse("generationConfig.responseSchema", "not allowed with responseJsonSchema")
    if config is not None and config.logprobs is not None and not config.response_logprobs:
        refuse("generationConfig.logprobs", "only allowed when responseLogprobs is true")


def _check_part(path: str, part: GeminiPart, role: str) -> None:
    for name, call in (("functionCall", part.function_call), ("functionResponse", part.function_response)):
        if call is not None and not call.name:
            refuse(f"{path}.{name}.name", "must not be empty", "empty_string")
    if part.function_call is not None and role != "model":
        refuse(f"{path}.functionCall", f"not allowed for role {role}")
    if part.function_response is not None and role == "model":
        refuse(f"{path}.functionResponse", "not allowed for role model")
