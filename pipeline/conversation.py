"""A conversation that is kept so that a later request can go on from its answer."""

from __future__ import annotations

import secrets

import msgspec

PREFIX = "resp_sg_"
"""Of the ids of responses that are made here. Any other one is a provider's own."""
THOUGHT = "rs_sg_"
"""Of the ids of thoughts in them."""


def new_response_id() -> str:
    """Return the id of a new response. It cannot be guessed."""
    return PREFIX + secrets.token_hex(20)


class Conversation(msgspec.Struct, frozen=True):
    """All that was said up to one response, and the response itself.

    Attributes:
        tenant: Whose it is.
        provider: Who gave the answer.
        items: Items as the Responses API has them, the answer's included.
        response: The response object.
    """

    tenant: str
    provider: str
    items: list[msgspec.Raw]
    response: msgspec.Raw

    def known_to(self, provider: str, response_id: str) -> bool:
        """Say whether a provider itself knows the response by this id."""
        return self.provider == provider and not response_id.startswith(PREFIX)

    def pack(self) -> bytes:
        """Return the conversation as bytes."""
        return msgspec.json.encode(self)

    @classmethod
    def unpack(cls, data: bytes) -> Conversation | None:
        """Return the conversation that was packed, or None where the bytes are none."""
        try:
            return _decode(data)
        except msgspec.DecodeError:
            return None


_decode = msgspec.json.Decoder(Conversation).decode
