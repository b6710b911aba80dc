"""What can be said of a server that almost speaks OpenAI's API."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import ProxyProviderSettings

from ..openai.urls import MEDIA, MODELS, PATHS

_PATHS = PATHS | MEDIA | MODELS
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class CustomAuth(msgspec.Struct, kw_only=True, frozen=True):
    """How api_key is sent."""

    kind: Annotated[
        Literal["bearer", "header", "query", "basic", "none"],
        Meta(
            description="bearer and basic (api_key is user:password) send Authorization; header and query send the "
            "key alone under a name; none sends none."
        ),
    ] = "bearer"
    name: Annotated[str, Meta(description="The header's, or the query parameter's.")] = "api-key"

    def __post_init__(self) -> None:
        """Refuse a name that neither can have."""
        if _TOKEN.fullmatch(self.name) is None:
            raise ValueError(f"{self.name!r} is no name of a header or a query parameter")


class QuirkSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What the server does otherwise than OpenAI."""

    max_tokens: Annotated[
        Literal["any", "max_tokens", "max_completion_tokens"],
        Meta(description="The one field for the limit of an answer that it knows; any sends what the caller wrote."),
    ] = "any"
    drop_fields: Annotated[
        tuple[str, ...], Meta(description="Fields of chats that it refuses, and that may be left out.")
    ] = ()
    stream_options: Annotated[
        bool, Meta(description="false sends none; usage is estimated where it does not come unasked.")
    ] = True
    developer_role: Annotated[
        Literal["system", "developer"], Meta(description="What a message of the developer's is sent as.")
    ] = "system"
    system: Annotated[
        Literal["anywhere", "first", "user"],
        Meta(description="Where messages of the system may stand; user has them said by the user."),
    ] = "anywhere"
    alternate: Annotated[
        bool, Meta(description="Merge messages of one side: its template wants user and assistant in turns.")
    ] = False
    tool_ids: Annotated[
        Literal["any", "nine_letters"],
        Meta(description="What ids of tool calls it takes: nine_letters is Mistral's rule."),
    ] = "any"
    tool_choice: Annotated[
        tuple[Literal["auto", "none", "required", "named"], ...],
        Meta(description="The choices of a tool that it honours; auto and none can be had without its help."),
    ] = ("auto", "none", "required", "named")
    response_format: Annotated[
        Literal["json_schema", "json_object", "guided_json", "none"],
        Meta(description="The most that it can be told of an answer's form; guided_json is vLLM's field for a schema."),
    ] = "json_schema"
    text_only: Annotated[bool, Meta(description="Send content as one string: it takes no list of parts.")] = False
    think_tags: Annotated[
        bool, Meta(description="Take reasoning out of content that begins with <think>; false leaves it there.")
    ] = False
    history_reasoning: Annotated[
        Literal["drop", "reasoning_content", "reasoning"],
        Meta(description="By which field earlier reasoning goes back in the history."),
    ] = "drop"
    embeddings_base64: Annotated[
        bool, Meta(description="Whether it gives embeddings in base64; otherwise the gateway encodes them.")
    ] = False


class CustomSettings(ProxyProviderSettings, kw_only=True, frozen=True):
    """How to reach a server, and what it does otherwise than OpenAI."""

    base_url: Annotated[str, Meta(description="Where its API is, mostly as far as /v1.")]
    auth: Annotated[CustomAuth, Meta(description="How api_key is sent.")] = CustomAuth()
    paths: Annotated[
        dict[str, str],
        Meta(
            description="For chat, completion, embedding, transcription, translation, image_edit, image_variation and "
            "models (their list): paths below base_url, or whole URLs, where they are not OpenAI's; an empty one says "
            "that there is none. Of image, speech, moderation and rerank it is asked only where their paths stand here."
        ),
    ] = msgspec.field(default_factory=dict)
    extra_body: Annotated[dict[str, Any], Meta(description="Fields to add to each JSON request that lacks them.")] = (
        msgspec.field(default_factory=dict)
    )
    quirks: Annotated[QuirkSettings, Meta(description="What it does otherwise than OpenAI.")] = QuirkSettings()

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        super().__post_init__()
        if not self.base_url.strip():
            raise ValueError("base_url must be an absolute URL, such as http://localhost:8000/v1")
        for name, path in self.paths.items():
            if name not in _PATHS:
                raise ValueError(f"paths has {name!r}, which is none of {', '.join(_PATHS)}")
            if path and not path.startswith(("/", "http://", "https://")):
                raise ValueError(f"the path for {name} must begin with / or be a URL")
