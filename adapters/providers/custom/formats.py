"""What of tool choices and forms of answers can be told to a server that knows less than OpenAI of them."""

from __future__ import annotations

import msgspec

from sluicegate.pipeline.form.sides import Dropped

from ..family.messages import text_in

Fields = dict[str, msgspec.Raw]


class _Schema(msgspec.Struct):
    schema: msgspec.Raw = msgspec.Raw(b"{}")


class _Format(msgspec.Struct):
    type: str = ""
    json_schema: _Schema = msgspec.field(default_factory=_Schema)


_decode_format = msgspec.json.Decoder(_Format).decode


def write_choice(fields: Fields, honoured: frozenset[str], dropped: Dropped) -> None:
    """Change the choice of a tool in place. Raises InvalidRequest for one that the server would ignore."""
    raw = fields.get("tool_choice")
    if raw is None:
        return
    choice = "named" if bytes(raw).startswith(b"{") else text_in(raw)
    if choice in honoured:
        return
    if choice in ("required", "named"):
        raise dropped.unsupported("tool_choice")
    if choice in ("auto", "none"):  # the first is what it does anyway; without tools none can be called
        del fields["tool_choice"]
    if choice == "none":
        fields.pop("tools", None)


def write_format(fields: Fields, most: str, dropped: Dropped) -> None:
    """Change the form of the answer in place. Raises InvalidRequest for one that the server cannot be told."""
    raw = fields.get("response_format")
    if most == "json_schema" or raw is None or bytes(raw) == b"null":
        return
    try:
        wanted = _decode_format(raw)
    except msgspec.DecodeError:
        return  # of no shape we know: the server may judge it
    if wanted.type == "json_schema" and most == "guided_json":
        del fields["response_format"]
        fields["guided_json"] = wanted.json_schema.schema
    elif wanted.type == "text" and most == "none":
        del fields["response_format"]
    elif wanted.type == "json_schema" or (wanted.type == "json_object" and most == "none"):
        raise dropped.unsupported(f"response_format.{wanted.type}")
