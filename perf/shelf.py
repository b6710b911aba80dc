"""The cassettes that ship, and how a cassette is named: by a file, or by the name of one that ships."""

from __future__ import annotations

from pathlib import Path

from sluicegate.pipeline.config.problems import nearest

SHELF = Path(__file__).parent / "traces"
SUFFIX = ".cassette.gz"
TRACES = {
    "chat": "short chats with answers in one piece",
    "streaming": "short chats with answers that stream",
    "long_prompts": "prompts of 100,000 tokens, short answers",
    "agent": "agents that call tools over several turns, the last of which streams",
    "embeddings": "texts to embed, one or a few dozen at once",
}
"""What ships, and what it is. `make_traces` makes the files."""


class NoCassette(LookupError):
    """There is neither such a file nor a shipped cassette of that name. The message is one line."""


def find_cassette(name: str) -> Path:
    """Return the file that a cassette is in: the one that is named, or a shipped one by its bare name.

    Raises:
        NoCassette: There is none.
    """
    path = Path(name)
    if path.is_file():
        return path
    if name in TRACES:
        return SHELF / f"{name}{SUFFIX}"
    near = nearest(name, sorted(TRACES))
    hint = f"did you mean {near!r}?" if near else f"shipped are {', '.join(TRACES)}"
    raise NoCassette(f"there is no file {name}, and no shipped cassette of that name; {hint}")
