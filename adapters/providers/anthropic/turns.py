"""The turns of a conversation, in the order that the Messages API insists on.

A user begins. Turns of one side that follow each other become one. Results of tools come first in a turn, and all
results of one answer's calls in one. What is said by the system in between becomes a part of a user's turn.
"""

from __future__ import annotations

from sluicegate.pipeline.form.blocks import Block, Text, Turn

from .blocks import BlockWriter, Fields

OPENING = "Begin."
"""Said for a user where the assistant speaks first."""
GOING_ON = "Continue."
"""Said for a user where the assistant spoke last, and cannot be made to go on by itself."""


def write_turns(turns: tuple[Turn, ...], writer: BlockWriter) -> list[Fields]:
    """Return the messages; the first is a user's. There are none where nothing is said.

    Raises:
        InvalidRequest: Something in them cannot be told.
    """
    messages: list[Fields] = []
    for turn in turns:
        role = "assistant" if turn.role == "assistant" else "user"
        content = _content(turn, role, writer)
        if not content:
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += content
        else:
            messages.append({"role": role, "content": content})
    if messages and messages[0]["role"] == "assistant":
        messages.insert(0, {"role": "user", "content": [{"type": "text", "text": OPENING}]})
    for message in messages:
        if message["role"] == "user":
            message["content"].sort(key=_after_results)
    return messages


def settle_end(messages: list[Fields], *, prefills: bool) -> None:
    """Let the conversation end as the model takes it: by an answer to go on with only where it can."""
    last = messages[-1]
    if last["role"] == "user":
        return
    if not prefills:
        messages.append({"role": "user", "content": [{"type": "text", "text": GOING_ON}]})
    elif last["content"][-1]["type"] == "text":
        last["content"][-1]["text"] = last["content"][-1]["text"].rstrip()  # refused at the end of a prefill


def in_bare_tool_loop(messages: list[Fields]) -> bool:
    """Say whether results of tools are to be answered, whose calls came without what was thought before them.

    With a budget for thinking the API refuses that.
    """
    if messages[-1]["role"] != "user" or messages[-1]["content"][0].get("type") != "tool_result":
        return False
    return len(messages) < 2 or messages[-2]["content"][0].get("type") not in ("thinking", "redacted_thinking")


def _content(turn: Turn, role: str, writer: BlockWriter) -> list[Fields]:
    if turn.name:
        writer.dropped.drop("messages.name")
    blocks = map(_instruction, turn.blocks) if turn.role == "system" else turn.blocks
    return [written for block in blocks if (written := writer.write(block, role)) is not None]


def _instruction(block: Block) -> Block:
    """Return what the system says as something that a user's turn may hold and is not mistaken for the user's."""
    if not isinstance(block, Text) or not block.text.strip():
        return block
    return Text(f"<system>\n{block.text}\n</system>", block.cache)


def _after_results(block: Fields) -> bool:
    return block.get("type") != "tool_result"
