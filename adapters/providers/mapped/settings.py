"""How an API is asked, and where in its answers what is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sluicegate.pipeline.config.sections import HttpProviderSettings

from .paths import path_of
from .template import VARIABLES, variables_in

_TEXTS = frozenset({"messages", "prompt", "last_user"})


class ResponseSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Where in a whole answer what is. Paths are written as ``output.choices[0].text``."""

    text: Annotated[str, Meta(min_length=1, description="The path of the text.")]
    reasoning: Annotated[str, Meta(description="The path of the reasoning; unset where there is none.")] = ""
    finish_reason: Annotated[str, Meta(description="The path of the reason to end.")] = ""
    id: Annotated[str, Meta(description="The path of the answer's id; the gateway makes one where unset.")] = ""
    prompt_tokens: Annotated[str, Meta(description="The path of the tokens read; estimated where unset.")] = ""
    completion_tokens: Annotated[str, Meta(description="The path of the tokens written; estimated where unset.")] = ""

    def __post_init__(self) -> None:
        """Refuse what is no path."""
        check_paths(self)


class StreamSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What a streamed answer is made of. Ids and tokens stand in its items where they stand in whole answers."""

    format: Annotated[
        Literal["sse", "ndjson", "json_array", "none"],
        Meta(description="What it is sent as; none asks for a whole answer and streams that in one piece."),
    ] = "none"
    text: Annotated[str, Meta(description="The path, in each item, of what it adds to the text.")] = ""
    reasoning: Annotated[str, Meta(description="The path of what it adds to the reasoning.")] = ""
    finish_reason: Annotated[str, Meta(description="The path of the reason to end.")] = ""
    done: Annotated[str, Meta(description="The path of what says that an item is the last one.")] = ""
    done_value: Annotated[Any, Meta(description="What stands at that path in the last item.")] = True
    marker: Annotated[str, Meta(description="An item that is this text, and no JSON, ends the stream.")] = "[DONE]"

    def __post_init__(self) -> None:
        """Refuse what is no path, and a stream without a text."""
        for name in ("text", "reasoning", "finish_reason", "done"):
            path_of(getattr(self, name))
        if self.format != "none" and not self.text:
            raise ValueError("stream needs the path of its text")


class ErrorSettings(msgspec.Struct, kw_only=True, frozen=True):
    """Where in an error what is. What has no path here is looked for where most APIs have it."""

    message: Annotated[str, Meta(description="The path of its text.")] = ""
    code: Annotated[str, Meta(description="The path of its code.")] = ""
    statuses: Annotated[
        dict[str, Literal["again", "busy", "elsewhere", "key", "quota", "caller", "model"]],
        Meta(
            description="Statuses that mean something else than usual: ask again, wait, ask another target, a bad key, "
            "no quota, the caller's fault, no such model."
        ),
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is no path and no status."""
        for text in (self.message, self.code):
            path_of(text)
        for status in self.statuses:
            if not (status.isascii() and status.isdigit() and len(status) == 3):
                raise ValueError(f"{status!r} is no status of HTTP")


class MappedSettings(HttpProviderSettings, kw_only=True, frozen=True):
    """How an API is asked, and where in its answers what is."""

    base_url: Annotated[
        str, Meta(description="Where to ask. It may hold placeholders such as {{model}} in its path and query.")
    ]
    body: Annotated[
        dict[str, Any],
        Meta(
            description="The request, with placeholders such as {{prompt}}: model, messages, system, prompt (the whole "
            "conversation as one text), last_user, max_tokens, temperature, top_p, top_k, seed, stop, stream, user, "
            "request_id, api_key. headers may hold {{api_key}}."
        ),
    ]
    response: Annotated[ResponseSettings, Meta(description="Where in a whole answer what is.")]
    stream: Annotated[StreamSettings, Meta(description="What a streamed answer is made of.")] = StreamSettings()
    finish_map: Annotated[
        dict[str, Literal["stop", "length", "content_filter"]],
        Meta(description="Its reasons to end, as OpenAI names them; others are stop."),
    ] = msgspec.field(default_factory=dict)
    errors: Annotated[ErrorSettings, Meta(description="Where in an error what is.")] = ErrorSettings()

    def __post_init__(self) -> None:
        """Refuse placeholders that nothing fills, and a request that says nothing."""
        super().__post_init__()
        if not self.base_url.strip():
            raise ValueError("base_url must be an absolute URL, such as https://llm.example.com/generate")
        used = {*variables_in(self.body), *variables_in(self.base_url)}
        for name in sorted({*used, *variables_in(self.headers)} - VARIABLES):
            raise ValueError(f"{{{{{name}}}}} is no placeholder: there are {', '.join(sorted(VARIABLES))}")
        if not used & _TEXTS:
            raise ValueError("body must hold {{messages}}, {{prompt}} or {{last_user}}, or nothing would be asked")


def check_paths(settings: msgspec.Struct) -> None:
    """Raise ValueError for a field that is no path."""
    for name in settings.__struct_fields__:
        path_of(getattr(settings, name))
