"""What a response that is kept was made of, in pages, as the Responses API lists it.

Items come as the model was given them: those before ``previous_response_id``, too, answers included.

Source: https://platform.openai.com/docs/api-reference/responses/input-items
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sluicegate.pipeline.conversation import Conversation
from sluicegate.pipeline.errors import InvalidRequest
from sluicegate.pipeline.schemas.explain import explain


class Page(msgspec.Struct, frozen=True):
    """Which items to list. ``after`` is the id of one."""

    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"


class _Response(msgspec.Struct):
    output: list[msgspec.Raw] = []


_PREFIXES = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}
# What comes from a query is nothing but texts.
_page = msgspec.json.Decoder(Page, strict=False).decode
_output = msgspec.json.Decoder(_Response).decode
_item = msgspec.json.Decoder(dict[str, Any]).decode


def page_of(body: bytes) -> Page:
    """Return the page that a query asks for. Raises InvalidRequest."""
    if not body:
        return Page()
    try:
        return _page(body)
    except msgspec.ValidationError as error:
        raise explain(error, Page) from error


def list_items(name: str, kept: Conversation, page: Page) -> bytes:
    """Return a page of the items of a response.

    Args:
        name: The response's id.
        kept: The conversation up to it.
        page: Which of them.

    Raises:
        InvalidRequest: There is no item to go on after.
    """
    given = kept.items[: len(kept.items) - len(_output(kept.response).output)]
    items = [_listed(name, index, _item(raw)) for index, raw in enumerate(given)]
    if page.order == "desc":
        items.reverse()
    start = 0
    if page.after is not None:
        ids = [item["id"] for item in items]
        if page.after not in ids:
            raise InvalidRequest(f"after: {page.after[:256]!r} is no item of this response", param="after")
        start = ids.index(page.after) + 1
    shown = items[start : start + page.limit]
    return msgspec.json.encode(
        {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": start + len(shown) < len(items),
        }
    )


def _listed(name: str, index: int, item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as it is listed: with an id, which callers may leave out, and a message in parts."""
    kind = item.get("type") or "message"
    told = {**item, "type": kind}
    if not isinstance(told.get("id"), str):
        told["id"] = f"{_PREFIXES.get(kind, 'item')}_{name.removeprefix('resp_')}_{index}"
    if kind != "message":
        return told
    told.setdefault("status", "completed")
    if isinstance(text := told.get("content"), str):
        answer = {"type": "output_text", "text": text, "annotations": []}
        told["content"] = [answer if told.get("role") == "assistant" else {"type": "input_text", "text": text}]
    return told
