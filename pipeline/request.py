"""What a caller asks for: the bytes as they came, and the typed view that `validate` makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from .files import SentFile, Upload
from .passing import IDEMPOTENT, Passing
from .schemas import TypedRequest, texts_of

if TYPE_CHECKING:
    from .conversation import Conversation
    from .form.chat import Chat


_KINDS = dict.fromkeys(
    ("messages", "count_tokens", "responses", "count_responses", "generate", "count_generate"), "chat"
)
"""What an operation is served as, where another dialect's has the name."""


@dataclass(slots=True)
class Request:
    """One request, in the caller's dialect. Its ``repr`` shows nothing of what is asked.

    Attributes:
        operation: One of those that have a body, as ``chat`` or ``messages``, or ``models`` or ``model``.
        body: The bytes as received; of a GET at most what its query says, as an object of texts. What Google's clients
            say in the path stands in it, too: the model, and whether to stream.
        headers: Names in lower case. Credentials are taken out by the edge and stand in ``credential``.
        dialect: Whose API the caller speaks, so that errors and chunks leave in it.
        credential: The caller's key, or None.
        unknown_wait: Seconds that its caller has to wait if the key is unknown here, as too many were that came from
            the same place; 0 if not.
        provider_keys: Keys of the caller's own for providers, by their names.
        label: The caller's ``x-request-id``, or one made by the edge; for people, never a key.
        tags: What the caller's header wants its spending told apart by; `tags_of` knows those of the body, too.
        subject: The id in the path of a GET or DELETE, such as a model's.
        fields: The top level of the body, values as raw JSON. Unknown fields and number spelling live on here.
        typed: The same, checked and typed. `validate` sets both.
        timeout: Seconds the caller is willing to wait, or None.
        files: The files of a form, in order; its other fields are ``body``, as JSON.
        upload: Where their bytes are, until the exchange ends.
        passing: Where it goes, of a request that is passed through; its body is ``upload``.
        hints: Of each text to embed, what is said about it in Gemini's words and not in OpenAI's.
        recalled: What a request for a response goes on from, where the gateway has kept it.
        explain: Whether the routing is told: ``add`` in a header of the answer, ``only`` in place of one.
        chat: What is asked in the form between dialects, once a provider needed it so.
    """

    operation: str
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    dialect: str = "openai"
    credential: str | None = field(default=None, repr=False)
    unknown_wait: float = 0.0
    provider_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    label: str = ""
    tags: tuple[str, ...] = ()
    subject: str = ""
    fields: dict[str, msgspec.Raw] = field(default_factory=dict, repr=False)
    typed: TypedRequest | None = field(default=None, repr=False)
    timeout: float | None = None
    files: tuple[SentFile, ...] = field(default=(), repr=False)
    upload: Upload | None = field(default=None, repr=False)
    passing: Passing | None = field(default=None, repr=False)
    hints: tuple[Mapping[str, str], ...] = field(default=(), repr=False)
    recalled: Conversation | None = field(default=None, repr=False)
    explain: Literal["", "add", "only"] = ""
    chat: Chat | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """What is asked for, in whatever dialect: the name that `Translator.operations` has for it."""
        return _KINDS.get(self.operation, self.operation)

    @property
    def model(self) -> str:
        """The model the caller names, as written; empty before `validate`, and for requests that name none."""
        if self.typed is not None:
            return self.typed.model
        return self.subject if self.operation == "model" else ""

    @property
    def stream(self) -> bool:
        """Whether the answer leaves as it comes: if the caller wants it so; speech, and what is passed, always."""
        if self.passing is not None or self.operation == "speech":
            return True
        return self.typed is not None and bool(getattr(self.typed, "stream", None))

    @property
    def once(self) -> bool:
        """Whether it must not be sent again to whom may have got it: it may have made something there."""
        return self.passing is not None and self.passing.method not in IDEMPOTENT

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield (path, text) of every text part that a person or program wrote, in order."""
        return texts_of(self.typed) if self.typed is not None else iter(())
