"""The turns of a conversation, in the order that Converse insists on.

A user begins. Turns of one side that follow each other become one. Results of tools come first in a turn. What is said
by the system in between becomes a part of a user's turn. A document is accompanied by a text.
"""

from __future__ import annotations

from sluicegate.pipeline.form.blocks import Text, Turn

from ..anthropic.turns import GOING_ON, OPENING
from .blocks import BlockWriter, Fields

LOOK = "See the attached document."
"""Said beside a document that nothing else is said about."""


def write_turns(turns: tuple[Turn, ...], writer: BlockWriter) -> list[Fields]:
    """Return the messages; the first is a user's. There are none where nothing is said.

    Raises:
        InvalidRequest: Something in them cannot be told.
    """
    messages: list[Fields] = []
    for turn in turns:
        role = "assistant" if turn.role == "assistant" else "user"
        joins = bool(messages) and messages[-1]["role"] == role
        content: list[Fields] = messages[-1]["content"] if joins else []
        _add(turn, content, writer)
        if content and not joins:
            messages.append({"role": role, "content": content})
    if messages and messages[0]["role"] == "assistant":
        messages.insert(0, {"role": "user", "content": [{"text": OPENING}]})
    for message in messages:
        if message["role"] == "user":
            _settle(message["content"])
    return messages


def settle_end(messages: list[Fields], *, prefills: bool) -> None:
    """Let the conversation end as the model takes it: by an answer to go on with only where it can."""
    last = messages[-1]
    if last["role"] == "user":
        return
    if not prefills:
        messages.append({"role": "user", "content": [{"text": GOING_ON}]})
    elif "text" in last["content"][-1]:
        last["content"][-1]["text"] = last["content"][-1]["text"].rstrip()  # refused at the end of a prefill


def in_bare_tool_loop(messages: list[Fields]) -> bool:
    """Say whether results of tools are to be answered, whose calls came without what was thought before them.

    With a budget for thinking Claude refuses that.
    """
    if messages[-1]["role"] != "user" or "toolResult" not in messages[-1]["content"][0]:
        return False
    return len(messages) < 2 or "reasoningContent" not in messages[-2]["content"][0]


def _add(turn: Turn, content: list[Fields], writer: BlockWriter) -> None:
    if turn.name:
        writer.dropped.drop("messages.name")
    for block in turn.blocks:
        if turn.role == "system" and isinstance(block, Text) and block.text.strip():
            # Not to be mistaken for the user's own words.
            block = Text(f"<system>\n{block.text}\n</system>", block.cache)
        writer.add(block, content)


def _settle(content: list[Fields]) -> None:
    """Put the results of tools first, each with the mark behind it, and a text beside documents."""
    groups: list[list[Fields]] = []
    for fields in content:
        if "cachePoint" in fields and groups:
            groups[-1].append(fields)
        else:
            groups.append([fields])
    groups.sort(key=lambda group: "toolResult" not in group[0])
    content[:] = [fields for group in groups for fields in group]
    if any("document" in fields for fields in content) and not any("text" in fields for fields in content):
        content.append({"text": LOOK})
