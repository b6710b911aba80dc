"""`filter`: refuses requests by what their texts say, and by how long they are.

It reads every text of a request that may reach a model: messages of all roles with all they hold, prompts, inputs,
tools and forms of answers with their schemas, and what the API does not know but a provider may. Tokens and attached
data are not read. What it has read goes on re-encoded from its parsed form: a provider that takes the first of two
duplicate names would otherwise see a text that nobody has judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
import trio
from msgspec import Meta

from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.exchange import Exchange
from sluicegate.pipeline.registry import stage
from sluicegate.pipeline.resources import Resources
from sluicegate.pipeline.schemas import ModerationRequest, ResponsesRequest, Text, TypedRequest, texts_of
from sluicegate.pipeline.schemas.decode import decode_whole
from sluicegate.pipeline.schemas.foreign import foreign_names, foreign_texts
from sluicegate.pipeline.stage import Verdict

from .parts.words import WordList

LARGE = 64 * 1024
LARGE_WITH_WORDS = 16 * 1024
"""Bytes from which on a body is judged in a thread, by whether words are looked for.

Texts of that size usually take 100 to 200 microseconds, and a millisecond at worst, cut into thousands of messages.
"""

_OBJECTS = (
    "messages",
    "contents",
    "systemInstruction",
    "generationConfig",
    "toolConfig",
    "system",
    "output_config",
    "output_format",
    "prediction",
    "tools",
    "functions",
    "tool_choice",
    "function_call",
    "response_format",
    "web_search_options",
    "documents",
    "voice",
)
"""The fields of the API that hold texts inside objects. Elsewhere a text has no name, so none can be there twice."""
_RESPONSE_OBJECTS = ("input", "text", "prompt")
"""The same, of the Responses API alone: elsewhere these names hold plain texts."""
# Raw keeps the spelling of each fraction; an integer has only one, but for -0.
_DECODER = msgspec.json.Decoder(float_hook=msgspec.Raw)
_ENCODER = msgspec.json.Encoder()

Fields = dict[str, msgspec.Raw]


class FilterSettings(msgspec.Struct, kw_only=True, frozen=True):
    """What no request may say, and how much."""

    blocked_words: Annotated[
        tuple[Annotated[str, Meta(pattern=r"\S")], ...],
        Meta(description="Words and phrases that no text may hold; whole words, in any case. Tokens are not read."),
    ] = ()
    max_input_length: Annotated[
        int, Meta(ge=1, description="The most characters of all texts of a request, tools and schemas included.")
    ] = 200_000


@stage("filter", summary="Refuses requests by their words and length.", settings=FilterSettings)
class Filter:
    """Judges the texts of a request that `validate` has typed; others pass."""

    def __init__(self, settings: FilterSettings, resources: Resources) -> None:
        self._words = WordList(settings.blocked_words)
        self._max_length = settings.max_input_length
        self._large = LARGE_WITH_WORDS if self._words else LARGE

    def judge(self, exchange: Exchange) -> Verdict:
        """Judge the texts, or ask for `attend` if there may be much of them. Raises InvalidRequest."""
        request = exchange.request
        if request.typed is None:
            return Verdict.PASS
        if len(request.body) > self._large:
            return Verdict.WAIT
        request.fields.update(self._read(request.typed, request.fields))
        return Verdict.PASS

    async def attend(self, exchange: Exchange) -> Verdict:
        """Judge the texts in a thread. A checkpoint. Raises InvalidRequest."""
        request = exchange.request
        if (typed := request.typed) is not None:
            # The thread has no effect but its result, so nobody need wait for it once the exchange is cancelled.
            read = await trio.to_thread.run_sync(self._read, typed, dict(request.fields), abandon_on_cancel=True)
            request.fields.update(read)
        return Verdict.PASS

    def _read(self, typed: TypedRequest, fields: Mapping[str, msgspec.Raw]) -> Fields:
        """Return the fields whose texts were read, re-encoded. Raises InvalidRequest."""
        objects = _OBJECTS + _RESPONSE_OBJECTS if isinstance(typed, ResponsesRequest) else _OBJECTS
        read = [name for name in objects if name in fields] + foreign_names(typed, fields)
        if isinstance(typed, ModerationRequest) and "input" in fields:
            read.append("input")  # elsewhere a list of texts, or of a great many tokens
        values = {name: decode_whole(fields[name], _DECODER) for name in read}
        # A text has no more characters than its JSON has bytes.
        if self._words or sum(memoryview(raw).nbytes for raw in fields.values()) > self._max_length:
            texts = [*texts_of(typed), *foreign_texts(typed, values)]
            self._check_length(texts)
            self._check_words(texts)
        return {name: msgspec.Raw(_ENCODER.encode(value)) for name, value in values.items()}

    def _check_length(self, texts: list[Text]) -> None:
        total, over = 0, None
        for path, text in texts:
            total += len(text)
            if over is None and total > self._max_length:
                over = path
        if over is not None:
            raise InvalidRequest(
                f"{over}: the texts of this request have {total} characters together, "
                f"and at most {self._max_length} are allowed (filter.max_input_length)",
                param=over,
                code="string_above_max_length",
            )

    def _check_words(self, texts: list[Text]) -> None:
        # One search in all of them takes less than one in each. No word reaches across the gaps.
        if not self._words or self._words.first_in("\0".join(text for _, text in texts)) is None:
            return
        for path, text in texts:
            if (word := self._words.first_in(text)) is not None:
                raise InvalidRequest(
                    f"{path}: the text holds {word!r}, which is blocked here (filter.blocked_words)",
                    param=path,
                    code="content_filter",
                )
